package io.yoco4j.core.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Bends valid files: bytes anywhere, or JSON values that stay JSON but are extreme. One seed, one result. */
final class Mutations {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final String HOLE = "@hole@";

    /** Raw JSON, or nearly so, that a careless reader trips over. */
    private static final List<String> EXTREMES = List.of(
            "0",
            "1",
            "2",
            "-1",
            "-0",
            "-0.0",
            "0.0",
            "4.0",
            "0.5",
            "1E9",
            "1e400",
            "-1e400",
            "1e-400",
            "1e-46",
            "1e39",
            "3.5e38",
            "1E1000000000",
            "2147483647",
            "2147483648",
            "-2147483648",
            "4294967297",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775808",
            "18446744073709551616",
            "1".repeat(900),
            "1".repeat(5000),
            "0." + "3".repeat(2000),
            "NaN",
            "Infinity",
            "null",
            "true",
            "false",
            "\"\"",
            "\"full\"",
            "\"cross\"",
            "\"sliding_window\"",
            "\"gated_retention\"",
            "\"first\"",
            "\"inject\"",
            "\"nope\"",
            "\"1\"",
            "\"F64\"",
            "\"I8\"",
            "\"U8\"",
            "\"q4\"",
            "\"q8\"",
            "32",
            "64",
            "\"I64\"",
            "\"../model.safetensors\"",
            "\"/etc/passwd\"",
            "\"a\\u0000b.safetensors\"",
            "\"\\ud800\"",
            "\"line\\nbreak\\u2028\\u001b[31m\"",
            "\"" + "x".repeat(70_000) + "\"",
            "[]",
            "{}",
            "[[]]",
            "[1, 2]",
            "[0, 0]",
            "[0, 9223372036854775807]",
            "[9223372036854775807, 9223372036854775807, 4]",
            "[-1, -1]",
            "[1e3]",
            "{\"a\": {\"a\": 1}}",
            "[".repeat(90) + "]".repeat(90),
            "[".repeat(50_000) + "]".repeat(50_000),
            "[".repeat(50_000),
            "{\"a\":".repeat(3000) + "1" + "}".repeat(3000),
            "[" + "0,".repeat(20_000) + "0]",
            "[" + "[],".repeat(20_000) + "[]]",
            "[" + "{},".repeat(20_000) + "{}]",
            "",
            "'x'",
            "/* */ 1",
            "01",
            "+1");

    private final Random random;

    Mutations(long seed) {
        random = new Random(seed);
    }

    private <T> T any(List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    // ---- bytes

    /** One to four changes: bits, bytes, runs removed, doubled or put in, the end cut off. */
    byte[] bytes(byte[] original) {
        byte[] out = original.clone();
        for (int n = 1 + random.nextInt(4); n > 0; n--) {
            out = once(out);
        }
        return out;
    }

    private byte[] once(byte[] in) {
        if (in.length == 0) {
            return new byte[random.nextInt(20)];
        }
        // Half of the changes hit the first bytes, where headers are.
        int at = random.nextInt(random.nextBoolean() ? Math.min(in.length, 200) : in.length);
        int run = Math.min(in.length - at, 1 + random.nextInt(random.nextBoolean() ? 4 : 400));
        byte[] out = in.clone();
        switch (random.nextInt(8)) {
            case 0 -> out[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> out[at] = (byte) random.nextInt(256);
            case 2 -> out[at] = (byte) "{}[]\",:0123456789eE.-+\\\n\0".charAt(random.nextInt(25));
            case 3 -> {
                return Arrays.copyOf(in, at);
            }
            case 4 -> {
                return join(Arrays.copyOf(in, at), Arrays.copyOfRange(in, at + run, in.length));
            }
            case 5 -> {
                return join(Arrays.copyOf(in, at + run), Arrays.copyOfRange(in, at, in.length));
            }
            case 6 -> {
                byte[] noise = new byte[run];
                random.nextBytes(noise);
                return join(join(Arrays.copyOf(in, at), noise), Arrays.copyOfRange(in, at, in.length));
            }
            default -> {
                byte[] extreme = ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(any(List.of(-1L, 0L, 1L, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32, in.length - 8L)))
                        .array();
                int where = random.nextBoolean() ? 0 : at;
                System.arraycopy(extreme, 0, out, where, Math.min(8, in.length - where));
            }
        }
        return out;
    }

    private static byte[] join(byte[] a, byte[] b) {
        byte[] out = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, out, a.length, b.length);
        return out;
    }

    // ---- JSON

    /** One to three values replaced, removed, renamed, repeated or added. */
    String json(String original) {
        String out = original;
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
            try {
                out = once(MAPPER.readTree(out));
            } catch (JsonProcessingException _) {
                return out;
            }
        }
        return out;
    }

    private String once(JsonNode root) {
        String extreme = any(EXTREMES);
        List<JsonNode> places = new ArrayList<>();
        collect(root, places);
        if (places.isEmpty()) {
            return extreme;
        }
        String old = "1";
        String name = HOLE;
        switch (any(places)) {
            case ObjectNode o
            when !o.isEmpty() -> {
                name = any(o.properties().stream().map(e -> e.getKey()).toList());
                old = o.path(name).toString();
                switch (random.nextInt(8)) {
                    case 0 -> o.remove(name);
                    case 1 ->
                        o.set(
                                any(List.of("a\nb\u2028\u001b[0m", "", "x".repeat(60_000), "__metadata__")),
                                o.remove(name));
                    case 2 -> o.set("also " + name, TextNode.valueOf(HOLE));
                    default -> o.set(name, TextNode.valueOf(HOLE));
                }
            }
            case ArrayNode a
            when !a.isEmpty() -> {
                int at = random.nextInt(a.size());
                switch (random.nextInt(4)) {
                    case 0 -> a.remove(at);
                    case 1 -> a.insert(at, a.get(at));
                    default -> a.set(at, TextNode.valueOf(HOLE));
                }
            }
            case ObjectNode o -> o.set("added", TextNode.valueOf(HOLE));
            case ArrayNode a -> a.add(HOLE);
            default -> throw new IllegalStateException();
        }
        // Repeats the name with its old value first, which a tree cannot say.
        String field = "\"" + name + "\":\"" + HOLE + "\"";
        String text = root.toString();
        if (random.nextInt(10) == 0 && text.contains(field)) {
            text = text.replace(field, "\"" + name + "\":" + old + "," + field);
        }
        return text.replace("\"" + HOLE + "\"", extreme);
    }

    private static void collect(JsonNode node, List<JsonNode> out) {
        if (node.isContainerNode()) {
            out.add(node);
            node.forEach(child -> collect(child, out));
        }
    }

    /** A safetensors file with a bent header whose length is mostly told rightly. */
    byte[] safetensors(byte[] original) {
        ByteBuffer in = ByteBuffer.wrap(original).order(ByteOrder.LITTLE_ENDIAN);
        int length = Math.toIntExact(in.getLong(0));
        byte[] header =
                json(new String(original, 8, length, StandardCharsets.UTF_8)).getBytes(StandardCharsets.UTF_8);
        byte[] prefix = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(random.nextInt(10) == 0 ? header.length + random.nextInt(9) - 4L : header.length)
                .array();
        return join(join(prefix, header), Arrays.copyOfRange(original, 8 + length, original.length));
    }
}

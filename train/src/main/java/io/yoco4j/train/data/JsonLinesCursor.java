package io.yoco4j.train.data;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.yoco4j.core.InvalidInputException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** JSON Lines: an object per line, its text in the field {@code text}; other fields are passed over. */
final class JsonLinesCursor implements Cursor {
    /** The longest line: a document whose every byte is escaped. */
    private static final int MAX_LINE = 6 * TextDecoding.MAX_DOCUMENT_BYTES;

    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxStringLength(MAX_LINE).build())
            .build();

    private final String name;
    private final InputStream in;
    private final Skips skips;
    private byte[] line = new byte[8192];
    private long number;

    private JsonLinesCursor(String name, InputStream in, Skips skips) {
        this.name = name;
        this.in = in;
        this.skips = skips;
    }

    static Cursor open(Path file, String name, Skips skips) throws IOException {
        return new JsonLinesCursor(name, new BufferedInputStream(TextCursor.bytes(file), 1 << 16), skips);
    }

    @Override
    public @Nullable Document next() throws IOException {
        int length;
        while ((length = readLine()) >= 0) {
            if (length > MAX_LINE) {
                skips.oversized();
            } else if (!blank(length)) {
                String text = text(length);
                if (!TextDecoding.oversized(text)) {
                    return new Document(name + ":" + number, TextDecoding.wellFormed(text));
                }
                skips.oversized();
            }
        }
        return null;
    }

    /** Reads a line into {@code line}: its length, over MAX_LINE when it was cut short there, or -1 at the end. */
    private int readLine() throws IOException {
        int c = in.read();
        if (c < 0) {
            return -1;
        }
        number++;
        int length = 0;
        for (; c >= 0 && c != '\n'; c = in.read()) {
            if (length == line.length && length <= MAX_LINE) {
                line = Arrays.copyOf(line, Math.min(2 * length, MAX_LINE + 1));
            }
            if (length <= MAX_LINE) {
                line[length++] = (byte) c;
            }
        }
        return length;
    }

    private boolean blank(int length) {
        for (int i = 0; i < length; i++) {
            if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r') {
                return false;
            }
        }
        return true;
    }

    private String text(int length) throws IOException {
        try (JsonParser p = JSON.createParser(line, 0, length)) {
            if (p.nextToken() != JsonToken.START_OBJECT) {
                throw broken("is not a JSON object", null);
            }
            String text = null;
            while (p.nextToken() == JsonToken.FIELD_NAME) {
                boolean wanted = p.currentName().equals("text");
                JsonToken value = p.nextToken();
                if (!wanted) {
                    p.skipChildren();
                } else if (value == JsonToken.VALUE_STRING) {
                    text = p.getText();
                } else {
                    throw broken("has a field \"text\" that is no string", null);
                }
            }
            if (p.nextToken() != null) {
                throw broken("has more than one JSON value", null);
            }
            if (text == null) {
                throw broken("has no field \"text\"", null);
            }
            return text;
        } catch (JacksonException e) {
            throw broken("is not valid JSON (" + e.getOriginalMessage() + ")", e);
        }
    }

    private InvalidInputException broken(String what, @Nullable Throwable cause) {
        String message = name + ", line " + number + ", " + what
                + ": each line must be an object with a string field \"text\"; correct or remove the line";
        return cause == null ? new InvalidInputException(message) : new InvalidInputException(message, cause);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

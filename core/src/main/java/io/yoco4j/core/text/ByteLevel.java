package io.yoco4j.core.text;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The alphabet of byte-level BPE (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019): each byte
 * stands in the vocabulary as one printable character. A byte that is a printable, non-space character of Latin-1 is that
 * character; the others are, in order, the characters from U+0100 on.
 */
final class ByteLevel {
    private static final char[] TO_CHAR = new char[256];
    private static final short[] TO_BYTE = new short[256 + 68];

    static {
        Arrays.fill(TO_BYTE, (short) -1);
        char next = 256;
        for (int b = 0; b < 256; b++) {
            boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
            char c = printable ? (char) b : next++;
            TO_CHAR[b] = c;
            TO_BYTE[c] = (short) b;
        }
    }

    private ByteLevel() {}

    static String encode(byte[] bytes) {
        char[] chars = new char[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            chars[i] = TO_CHAR[bytes[i] & 0xFF];
        }
        return new String(chars);
    }

    /**
     * The bytes of a vocabulary entry. An added token may hold characters outside the alphabet; it then stands for its own
     * UTF-8, as in the tokenizers library.
     */
    static byte[] decode(String token) {
        byte[] bytes = new byte[token.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = token.charAt(i);
            if (c >= TO_BYTE.length || TO_BYTE[c] < 0) {
                return token.getBytes(StandardCharsets.UTF_8);
            }
            bytes[i] = (byte) TO_BYTE[c];
        }
        return bytes;
    }
}

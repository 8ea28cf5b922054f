package io.yoco4j.train.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Bytes to text, strictly and within bounds. */
final class TextDecoding {
    /** The largest document; a bound on what a member of a source can make the reader hold. */
    static final int MAX_DOCUMENT_BYTES = 16 << 20;

    private TextDecoding() {}

    /** A UTF-8 decoder that refuses malformed input. */
    static CharsetDecoder strict() {
        return StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
    }

    /**
     * Reads one member: its text, or null (counted in {@code skips}) when it is no text, too large or unreadable. Reads
     * at most {@link #MAX_DOCUMENT_BYTES} + 1 bytes, whatever size a header declares.
     */
    static @Nullable String readMember(Opener opener, Skips skips) {
        byte[] bytes;
        try (InputStream in = opener.open()) {
            bytes = in.readNBytes(MAX_DOCUMENT_BYTES + 1);
        } catch (IOException _) {
            skips.unreadable();
            return null;
        }
        if (bytes.length > MAX_DOCUMENT_BYTES) {
            skips.oversized();
            return null;
        }
        try {
            return decode(bytes);
        } catch (CharacterCodingException _) {
            skips.binary();
            return null;
        }
    }

    /** Opens the bytes of a member. */
    @FunctionalInterface
    interface Opener {
        InputStream open() throws IOException;
    }

    /** The text of {@code bytes} without a byte order mark; bytes with NUL count as malformed. */
    static String decode(byte[] bytes) throws CharacterCodingException {
        String text = strict().decode(ByteBuffer.wrap(bytes)).toString();
        if (text.indexOf('\0') >= 0) {
            throw new CharacterCodingException();
        }
        return withoutMark(text);
    }

    static String withoutMark(String text) {
        return text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    /** Whether a text has more than {@link #MAX_DOCUMENT_BYTES} in UTF-8. */
    static boolean oversized(String text) {
        // Three bytes are the most that a char takes; then counting is worth its time.
        return 3L * text.length() > MAX_DOCUMENT_BYTES
                && text.getBytes(StandardCharsets.UTF_8).length > MAX_DOCUMENT_BYTES;
    }

    /** {@code text} with each unpaired surrogate replaced by U+FFFD: JSON can escape them, UTF-8 cannot hold them. */
    static String wellFormed(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (repaired == null) {
                repaired = new StringBuilder(text);
            }
            repaired.setCharAt(i, '\uFFFD');
        }
        return repaired == null ? text : repaired.toString();
    }
}

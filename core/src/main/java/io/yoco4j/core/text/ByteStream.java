package io.yoco4j.core.text;

/**
 * Byte-level decoding: UTF-8, read byte by byte, with one U+FFFD for each maximal part of an ill-formed sequence (Unicode Standard,
 * section 3.9), as the tokenizers library does. {@link java.nio.charset.CharsetDecoder} differs: it takes an encoded surrogate for
 * one error, not three.
 */
final class ByteStream implements StreamingDecoder {
    private final TokenizerFile file;
    private final StringBuilder out = new StringBuilder();
    private int codePoint;
    /** Continuation bytes still to come. */
    private int missing;
    /** What the next continuation byte must lie between. */
    private int least = 0x80;

    private int most = 0xBF;

    ByteStream(TokenizerFile file) {
        this.file = file;
    }

    @Override
    public String append(int id) {
        String token = file.token(id);
        if (file.isSpecial(id)) {
            return "";
        }
        for (byte b : ByteLevel.decode(token)) {
            take(b & 0xFF);
        }
        return flush();
    }

    @Override
    public String finish() {
        if (missing > 0) {
            replace();
        }
        return flush();
    }

    boolean isWithinCodePoint() {
        return missing > 0;
    }

    private void take(int b) {
        if (missing > 0 && (b < least || b > most)) {
            replace(); // and b starts anew
        }
        if (missing > 0) {
            codePoint = codePoint << 6 | b & 0x3F;
            least = 0x80;
            most = 0xBF;
            if (--missing == 0) {
                out.appendCodePoint(codePoint);
            }
        } else if (b < 0x80) {
            out.append((char) b);
        } else if (b >= 0xC2 && b <= 0xDF) {
            start(b & 0x1F, 1);
        } else if (b >= 0xE0 && b <= 0xEF) {
            start(b & 0x0F, 2);
            least = b == 0xE0 ? 0xA0 : 0x80; // no longer form than needed
            most = b == 0xED ? 0x9F : 0xBF; // no surrogate
        } else if (b >= 0xF0 && b <= 0xF4) {
            start(b & 0x07, 3);
            least = b == 0xF0 ? 0x90 : 0x80;
            most = b == 0xF4 ? 0x8F : 0xBF; // nothing above U+10FFFF
        } else {
            out.append('\uFFFD');
        }
    }

    private void start(int bits, int continuations) {
        codePoint = bits;
        missing = continuations;
    }

    private void replace() {
        out.append('\uFFFD');
        missing = 0;
        least = 0x80;
        most = 0xBF;
    }

    private String flush() {
        String text = out.toString();
        out.setLength(0);
        return text;
    }
}

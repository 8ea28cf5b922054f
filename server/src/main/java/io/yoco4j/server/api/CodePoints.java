package io.yoco4j.server.api;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Counts code points of a text in UTF-8 that comes in pieces, which may end within one. */
final class CodePoints {
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    /** Of a code point whose end is to come. */
    private ByteBuffer rest = ByteBuffer.allocate(0);

    /** How many a piece completes. */
    int codePoints(byte[] piece) {
        ByteBuffer in = ByteBuffer.allocate(rest.remaining() + piece.length)
                .put(rest)
                .put(piece)
                .flip();
        CharBuffer out = CharBuffer.allocate(in.remaining());
        decoder.decode(in, out, false);
        rest = in.slice();
        String text = out.flip().toString();
        return text.codePointCount(0, text.length());
    }
}

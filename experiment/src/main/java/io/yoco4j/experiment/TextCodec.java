package io.yoco4j.experiment;

/** From text to tokens and back. */
public interface TextCodec {
    /** The tokens of a text. */
    int[] encode(String text);

    /** The text of tokens. */
    String decode(int[] ids);
}

package io.yoco4j.train.data;

/** Text to token ids, without special tokens. Called from several threads at once. */
@FunctionalInterface
public interface Encoder {
    int[] encode(String text);
}

package io.yoco4j.eval.synthetic;

import java.util.List;
import java.util.OptionalInt;

/**
 * Makes sequences of tokens with labels. An example is a pure function of the generator's options, its seed among them, and
 * the example's number, so there is no end of them and each can be made again. Implementations are immutable.
 */
public interface SequenceGenerator {
    /** The token of every vocabulary that stands for nothing: padding, and what is no word. */
    int BLANK = 0;

    /** The word of {@link #BLANK}. */
    String BLANK_WORD = "_";

    /** Under which {@link Generators} knows it. */
    String name();

    /** The vocabulary, a word per id; the first is {@link #BLANK_WORD}. */
    List<String> words();

    /** The size of the vocabulary. */
    default int vocabulary() {
        return words().size();
    }

    /** The label that says that there is no answer, where there is such a one: often right without any look at the context. */
    default OptionalInt noAnswer() {
        return OptionalInt.empty();
    }

    /** The most tokens of an example. */
    int maxLength();

    /**
     * An example to train on.
     *
     * @param index from 0, below 2^62
     */
    Example example(long index);

    /**
     * An example to test with; none of them is made to train on.
     *
     * @param index from 0, below 2^62
     */
    default Example test(long index) {
        return example((1L << 62) + index);
    }
}

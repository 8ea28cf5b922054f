package io.yoco4j.train.data;

/**
 * Sequences of one length, by number, each with what is to be predicted after each of its tokens. A sequence is a function of its
 * number alone, so that a run resumes exactly from its step. Thread-safe.
 */
public interface Sequences {
    /** The target of a position that no loss is taken of; what libtorch's cross-entropy leaves out unless told otherwise. */
    long IGNORED = -100;

    /** How many there are; {@link Long#MAX_VALUE} where they have no end. */
    long count();

    /**
     * Copies sequences {@code first .. first + rows - 1}, row by row.
     *
     * @param ids takes the tokens, {@code rows} times the sequence length
     * @param targets takes as many: the token to predict after each, or {@link #IGNORED}; not all of a row's are ignored
     * @throws IndexOutOfBoundsException when there are none of these numbers
     */
    void read(long first, int rows, long[] ids, long[] targets);
}

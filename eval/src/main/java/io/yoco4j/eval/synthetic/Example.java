package io.yoco4j.eval.synthetic;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * A sequence and what a causal model is to answer in it.
 *
 * @param ids the tokens
 * @param labels as long as {@code ids}: at a position the token that the model should find likeliest after it, or
 *     {@link #NONE}; at least one is a token. A label need not be the token that follows
 * @param groups what results are told apart by
 */
public record Example(int[] ids, int[] labels, List<Group> groups) {
    /** Marks a position where nothing is asked. */
    public static final int NONE = -1;

    public Example {
        groups = List.copyOf(groups);
        if (ids.length != labels.length || Arrays.stream(labels).noneMatch(l -> l != NONE)) {
            throw new IllegalArgumentException(
                    ids.length + " tokens have " + labels.length + " labels, or none but blank ones");
        }
    }

    /**
     * One of the sets that an example belongs to, such as those with k = 4.
     *
     * @param by what sets are made by: {@code k}, {@code length}
     * @param value of this set
     */
    public record Group(String by, int value) implements Comparable<Group> {
        @Override
        public int compareTo(Group other) {
            return Comparator.comparing(Group::by).thenComparing(Group::value).compare(this, other);
        }

        @Override
        public String toString() {
            return by + " " + value;
        }
    }

    /** The first position with a label. */
    public int firstLabel() {
        int i = 0;
        while (labels[i] == NONE) {
            i++;
        }
        return i;
    }
}

package io.yoco4j.eval.task;

/**
 * One answer that an item offers.
 *
 * @param context what stands before it
 * @param text the answer as the item has it; a blank stands between the two
 */
public record Choice(String context, String text) {
    /** What is scored. */
    String continuation() {
        return " " + text;
    }
}

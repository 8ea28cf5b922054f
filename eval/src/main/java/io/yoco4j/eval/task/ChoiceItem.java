package io.yoco4j.eval.task;

import io.yoco4j.core.InvalidInputException;
import java.util.List;

/**
 * An item whose likeliest choice counts.
 *
 * @param choices at least two
 * @param gold index of the right one
 * @param place for messages
 */
public record ChoiceItem(List<Choice> choices, int gold, String place) {
    /**
     * Checks the number of choices.
     *
     * @throws InvalidInputException when there is one, which would always be right
     */
    public ChoiceItem {
        if (choices.size() < 2) {
            throw new InvalidInputException(place + " has " + choices.size()
                    + " choice, but the likeliest of at least 2 is asked for: mend or remove the record");
        }
    }

    /** Choices of one context. */
    static ChoiceItem of(String context, List<String> texts, int gold, String place) {
        return new ChoiceItem(texts.stream().map(t -> new Choice(context, t)).toList(), gold, place);
    }

    /** The item as an example of itself, with its answer. */
    String solved() {
        Choice right = choices.get(gold);
        return right.context() + right.continuation();
    }

    /** The same item behind other text. */
    ChoiceItem after(String text) {
        return new ChoiceItem(
                choices.stream()
                        .map(c -> new Choice(text + c.context(), c.text()))
                        .toList(),
                gold,
                place);
    }
}

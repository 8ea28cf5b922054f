package io.yoco4j.eval.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class TextMetricTest {
    @Test
    void f1CountsWordsAsOftenAsBothHaveThem() {
        // Common: "x", "x"; precision 2/3, recall 2/2.
        assertThat(TextMetric.F1.score("x x x", List.of("x, x"))).isCloseTo(0.8, within(1e-12));
        assertThat(TextMetric.F1.score("nothing", List.of("else"))).isZero();
        assertThat(TextMetric.F1.score("", List.of("else"))).isZero();
        assertThat(TextMetric.F1.score("b", List.of("a c", "B."))).isOne();
    }

    @Test
    void rougeLTakesTheLongestCommonSubsequence() {
        // "police the gunman" of four words each.
        assertThat(TextMetric.ROUGE_L.score("police kill the gunman", List.of("police killed the gunman")))
                .isCloseTo(0.75, within(1e-12));
        // Order counts: "the gunman" of four and four.
        assertThat(TextMetric.ROUGE_L.score("the gunman kill police", List.of("police killed the gunman")))
                .isCloseTo(0.5, within(1e-12));
    }

    @Test
    void namingSeveralClassesEarnsLess() {
        List<String> classes = List.of("Food", "Food group", "Animal", "Group");
        List<String> gold = List.of("Food group");
        assertThat(TextMetric.CONTAINS.score("Food group", gold, classes))
                .as("Food is a part of it")
                .isOne();
        assertThat(TextMetric.CONTAINS.score("Animal or Food group", gold, classes))
                .isEqualTo(1 / 2.0);
        assertThat(TextMetric.CONTAINS.score("Food, Animal, Group", gold, classes))
                .isZero();
        assertThat(TextMetric.CONTAINS.score("Food group", List.of("Food"), classes))
                .as("the longer name is one, too")
                .isEqualTo(1 / 2.0);
        assertThat(TextMetric.CONTAINS.score("Animal", List.of("Group", "Animal"), classes))
                .isOne();
        assertThat(TextMetric.EXACT.score("Animal", List.of("animal"), classes)).isOne();
    }

    @Test
    void articlesAreWords() {
        assertThat(TextMetric.EXACT.score("María", List.of("Marí"))).isZero();
        assertThat(TextMetric.F1.score("año", List.of("ño"))).isZero();
        assertThat(TextMetric.EXACT.score("a\u00a0river", List.of("the river"))).isOne();
    }

    @Test
    void exactIsNormalizedAndContainsIsNot() {
        assertThat(TextMetric.EXACT.score("The  Answer.", List.of("answer"))).isOne();
        assertThat(TextMetric.EXACT.score("answers", List.of("answer"))).isZero();
        assertThat(TextMetric.CONTAINS.score("it is 1234567.", List.of("1234567")))
                .isOne();
        assertThat(TextMetric.CONTAINS.score("It is A", List.of("a"))).isZero();
    }
}

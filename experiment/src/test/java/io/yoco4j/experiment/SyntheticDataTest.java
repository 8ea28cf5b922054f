package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import io.yoco4j.eval.synthetic.Example;
import io.yoco4j.eval.synthetic.Generators;
import io.yoco4j.eval.synthetic.SequenceGenerator;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.Sequences;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SyntheticDataTest {
    private static final String SPEC = "mqar:pairs=8,min_length=32,max_length=32";
    private static final int LENGTH = 32;
    private static final int ROWS = 50;

    private static TrainingOptions options(long seed) {
        return TrainingOptions.builder()
                .steps(1)
                .batchSize(1)
                .sequenceLength(LENGTH)
                .seed(seed)
                .build();
    }

    private static Set<String> rows(Sequences sequences) {
        long[] ids = new long[ROWS * LENGTH];
        sequences.read(0, ROWS, ids, new long[ROWS * LENGTH]);
        Set<String> rows = new HashSet<>();
        for (int r = 0; r < ROWS; r++) {
            rows.add(Arrays.stream(ids, r * LENGTH, (r + 1) * LENGTH)
                    .mapToObj(Long::toString)
                    .collect(Collectors.joining(" ")));
        }
        return rows;
    }

    @Test
    void seedsTrainOnExamplesOfTheirOwnAndAreTestedOnTheSame() {
        try (SyntheticData data = new SyntheticData(SPEC)) {
            Set<String> all = rows(data.heldOut(options(1)));
            assertThat(all).isEqualTo(rows(data.heldOut(options(7)))).hasSize(ROWS);
            List<Long> seeds = List.of(0L, 1L, 2L, 3L, (1L << 22) - 1);
            for (long seed : seeds) {
                all.addAll(rows(data.training(options(seed))));
            }
            assertThat(all).as("none twice").hasSize(ROWS * (1 + seeds.size()));
            assertThat(rows(data.training(options(2)))).isEqualTo(rows(data.training(options(2))));
        }
    }

    /** What ran before seeds had examples of their own ran with the first. */
    @Test
    void theFirstSeedBeginsWithTheFirstExample() {
        SequenceGenerator generator = Generators.of(SPEC);
        try (SyntheticData data = new SyntheticData(SPEC)) {
            long[] ids = new long[LENGTH];
            long[] targets = new long[LENGTH];
            data.training(options(1)).read(5, 1, ids, targets);
            Example fifth = generator.example(5);
            assertThat(ids)
                    .containsExactly(Arrays.stream(fifth.ids()).asLongStream().toArray());
            assertThat(targets)
                    .containsExactly(Arrays.stream(fifth.labels())
                            .mapToLong(l -> l == Example.NONE ? Sequences.IGNORED : l)
                            .toArray());
        }
    }
}

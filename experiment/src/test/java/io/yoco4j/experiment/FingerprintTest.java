package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Results of days of training count only as long as their fingerprints are the same: a change here is a decision. */
class FingerprintTest {
    @ParameterizedTest
    @CsvSource({"sweep-yoco-lr0.001-s1, 26e460316f41d47e", "yoco-s1, 35ad806dfdd6330f", "yoco-u-s1, 5567b4055c86316d"})
    void evaluationsWithoutTasksKeepTheirs(String id, String fingerprint) {
        Experiment e = ExperimentFile.read(Examples.yaml(Path.of("/corpus")));
        Job job = e.jobs().stream().filter(j -> j.id().equals(id)).findFirst().orElseThrow();
        assertThat(Fingerprint.ofEvaluation(job, e.data(), e.evaluation())).isEqualTo(fingerprint);
    }
}

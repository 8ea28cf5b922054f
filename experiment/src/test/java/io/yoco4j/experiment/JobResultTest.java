package io.yoco4j.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.experiment.JobResult.TaskScore;
import org.junit.jupiter.api.Test;

class JobResultTest {
    private static final String LINE = "{'job':'yoco-u-s1','system':'yoco-u','kind':'main','seed':1,'fingerprint':'f',"
            + "'evaluation':'e','tokenizer':'t','learning_rate':0.004,'parameters':10,'non_embedding_parameters':8,"
            + "'training_flops':1e12,'tokens':64,'tokens_per_second':5.5,'loops':3,"
            + "'curve':[{'tokens':64,'bits_per_byte':2.5}],'held_out':[],'prefix':[],'tasks':[%s],"
            + "'evaluation_seconds':8.5,'failure':'','architecture':{},'options':{}}";

    private static JobResult read(String tasks) {
        return JobResult.read(LINE.formatted(tasks).replace('\'', '"'));
    }

    @Test
    void linesWithoutTasksAreRead() {
        JobResult result = read("");
        assertThat(result.tasks()).isEmpty();
        assertThat(JobResult.read(result.write())).isEqualTo(result);
        assertThat(result.figures()).isEqualTo("2.5000 bits per label");
    }

    @Test
    void tasksKnowTheirLoopsAndFiguresAreOfTheTrainedDepth() {
        JobResult result = read("{'task':'hop','loops':3,'metric':'acc','value':0.5},"
                + "{'task':'hop','loops':1,'metric':'acc','value':0.25}");
        assertThat(result.tasks())
                .containsExactly(new TaskScore("hop", 3, "acc", 0.5), new TaskScore("hop", 1, "acc", 0.25));
        assertThat(JobResult.read(result.write())).isEqualTo(result);
        assertThat(result.figures()).isEqualTo("2.5000 bits per label, hop acc 0.5000");
        assertThatThrownBy(() -> read("{'task':'hop','metric':'acc','value':0.5}"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("is no result of a job")
                .hasMessageContaining("loops");
    }
}

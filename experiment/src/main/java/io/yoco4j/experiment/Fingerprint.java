package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.yoco4j.core.Sha256;
import io.yoco4j.core.arch.ArchitectureJson;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.Experiment.Evaluation;
import java.util.List;

/** Hashes of what a job's result depends on: a result counts as long as they are the same. */
final class Fingerprint {
    private static final JsonMapper MAPPER = new JsonMapper();
    /** Hexadecimal digits; results are few. */
    private static final int DIGITS = 16;

    private Fingerprint() {}

    /** Of the trained model: architecture, options, training text. */
    static String ofTraining(Job job, Data data) {
        ObjectNode all = MAPPER.createObjectNode();
        all.set("architecture", JobResult.tree(ArchitectureJson.write(job.architecture())));
        all.set("options", JobResult.tree(job.options().write()));
        all.set("data", MAPPER.valueToTree(data.train()));
        all.put("vocabulary", data.vocabulary()).put("max_bytes", data.maxBytes());
        data.synthetic().ifPresent(spec -> all.put("synthetic", spec));
        return hash(all);
    }

    /** Of how it is measured: held-out text, what is asked, and the files that tasks read. */
    static String ofEvaluation(Job job, Data data, Evaluation e) {
        Evaluation asked = e.of(job);
        ObjectNode all = MAPPER.createObjectNode();
        all.put("tokens", asked.tokens());
        all.set("held_out", MAPPER.valueToTree(data.heldOut()));
        all.set("loops", MAPPER.valueToTree(job.architecture().looped() ? asked.loops() : List.of()));
        asked.prefix().ifPresent(p -> all.set("prefix", MAPPER.valueToTree(p)));
        if (!asked.tasks().isEmpty()) {
            all.set("tasks", MAPPER.valueToTree(asked.tasks()));
            all.put("task_limit", asked.taskLimit());
            // Not where they lie: the same files in another folder give the same figures.
            asked.taskFiles().ifPresent(hash -> all.put("task_files", hash));
        }
        return hash(all);
    }

    private static String hash(ObjectNode node) {
        return Sha256.hex(node.toString()).substring(0, DIGITS);
    }
}

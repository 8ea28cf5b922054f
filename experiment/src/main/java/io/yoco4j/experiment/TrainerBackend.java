package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.JobResult.CurvePoint;
import io.yoco4j.train.Dataset;
import io.yoco4j.train.MetricsLog;
import io.yoco4j.train.Trainer;
import io.yoco4j.train.TrainingData;
import io.yoco4j.train.TrainingListener;
import io.yoco4j.train.TrainingOptions;
import io.yoco4j.train.data.ShardOptions;
import io.yoco4j.train.data.Sources;
import io.yoco4j.train.model.Torch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Trains with {@link Trainer}: the only place here that knows it. */
public final class TrainerBackend implements TrainingBackend {
    private static final int TOKENIZER_BYTES = 32 << 20;
    private static final String STATE = "state.safetensors";

    private final ShardOptions.Progress progress;

    /** @param progress hears how far the collecting of text is */
    public TrainerBackend(ShardOptions.Progress progress) {
        this.progress = progress;
    }

    @Override
    public Prepared prepare(Data data, Path folder, int threads) throws IOException {
        if (data.synthetic().isPresent()) {
            SyntheticData made = new SyntheticData(data.synthetic().get());
            return new PreparedData(made, made.tokenizer(), "words of " + made.spec());
        }
        TrainingData prepared = TrainingData.prepare(
                Sources.parse(data.train()),
                folder,
                new TrainingData.Options(
                        data.vocabulary(), Optional.empty(), TOKENIZER_BYTES, data.maxBytes(), threads, progress));
        return new PreparedData(
                new FirstWindows(prepared),
                prepared.tokenizer(),
                prepared.shards().tokenizerHash());
    }

    private record PreparedData(Dataset data, Tokenizer tokenizer, String tokenizerHash) implements Prepared {
        @Override
        public TrainingRun run(
                Architecture a, TrainingOptions options, Path folder, int threads, TrainingListener listener) {
            Trainer trainer = new Trainer(a, options, data, folder, listener);
            return new TrainingRun() {
                @Override
                public Optional<Trained> train() {
                    Torch.threads(threads);
                    Trainer.Result result = trainer.run(Files.exists(folder.resolve(STATE)), Long.MAX_VALUE);
                    return result.stopped() ? Optional.empty() : Optional.of(trained(folder));
                }

                @Override
                public void stop() {
                    trainer.stop();
                }
            };
        }

        private static Trained trained(Path folder) {
            List<CurvePoint> curve = new ArrayList<>();
            List<Double> speeds = new ArrayList<>();
            for (JsonNode line : MetricsLog.read(folder)) {
                if (line.has("validation_loss")) {
                    double perLabel = line.path("validation_loss").asDouble() / Math.log(2);
                    curve.add(new CurvePoint(
                            line.path("tokens").asLong(),
                            line.path("bits_per_byte").asDouble(perLabel)));
                } else {
                    speeds.add(line.path("tokens_per_second").asDouble());
                }
            }
            speeds.sort(null);
            return new Trained(curve, speeds.isEmpty() ? 0 : speeds.get(speeds.size() / 2));
        }

        @Override
        public int[] encode(String text) {
            return tokenizer.encode(text);
        }

        @Override
        public String decode(int[] ids) {
            return tokenizer.decode(ids);
        }

        @Override
        public void close() {
            data.close();
        }
    }
}

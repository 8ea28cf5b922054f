package io.yoco4j.experiment;

import com.fasterxml.jackson.databind.JsonNode;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.experiment.Experiment.Data;
import io.yoco4j.experiment.JobResult.CurvePoint;
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
        TrainingData prepared = TrainingData.prepare(
                Sources.parse(data.train()),
                folder,
                new TrainingData.Options(
                        data.vocabulary(), Optional.empty(), TOKENIZER_BYTES, data.maxBytes(), threads, progress));
        return new PreparedText(prepared);
    }

    private record PreparedText(TrainingData data) implements Prepared {
        @Override
        public String tokenizerHash() {
            return data.shards().tokenizerHash();
        }

        @Override
        public TrainingRun run(
                Architecture a, TrainingOptions options, Path folder, int threads, TrainingListener listener) {
            Trainer trainer = new Trainer(a, options, data.shards(), data.tokenizer(), folder, listener);
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
                if (line.has("bits_per_byte")) {
                    curve.add(new CurvePoint(
                            line.path("tokens").asLong(),
                            line.path("bits_per_byte").asDouble()));
                } else {
                    speeds.add(line.path("tokens_per_second").asDouble());
                }
            }
            speeds.sort(null);
            return new Trained(curve, speeds.isEmpty() ? 0 : speeds.get(speeds.size() / 2));
        }

        @Override
        public int[] encode(String text) {
            return data.tokenizer().encode(text);
        }

        @Override
        public String decode(int[] ids) {
            return data.tokenizer().decode(ids);
        }

        @Override
        public void close() {
            data.close();
        }
    }
}

package io.yoco4j.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * What a plot shows of a run's metrics, in memory that does not grow with the run: once there are too many points, every
 * second one goes, and from then on only as many come.
 */
final class LossCurve {
    /** More than a plot has columns. */
    private static final int MOST = 4096;

    /**
     * Points of a curve.
     *
     * @param tokens trained on until then
     */
    record Points(List<Long> tokens, List<Double> values) {
        private Points() {
            this(new ArrayList<>(), new ArrayList<>());
        }

        private void add(long after, double value) {
            tokens.add(after);
            values.add(value);
        }

        int size() {
            return tokens.size();
        }

        private void halve() {
            for (int i = 0; 2 * i + 1 < size(); i++) {
                tokens.set(i, tokens.get(2 * i + 1));
                values.set(i, values.get(2 * i + 1));
            }
            tokens.subList(size() / 2, size()).clear();
            values.subList(tokens.size(), values.size()).clear();
        }
    }

    private final Points training = new Points();
    private final Points heldOut = new Points();
    private double smoothed;
    private long steps;
    private long evaluations;
    private long stepsApart = 1;
    private long evaluationsApart = 1;

    /** Takes in a line of metrics.jsonl. */
    void add(JsonNode line) {
        long after = line.path("tokens").asLong();
        if (line.has("loss")) {
            steps++;
            // The first tenth of the weight goes to new steps, once there are ten.
            smoothed += Math.max(0.1, 1.0 / steps) * (line.path("loss").asDouble() - smoothed);
            if (steps % stepsApart == 0) {
                training.add(after, smoothed);
            }
            if (training.size() == MOST) {
                training.halve();
                stepsApart *= 2;
            }
        } else if (line.has("validation_loss")) {
            evaluations++;
            if (evaluations % evaluationsApart == 0) {
                heldOut.add(after, line.path("validation_loss").asDouble());
            }
            if (heldOut.size() == MOST) {
                heldOut.halve();
                evaluationsApart *= 2;
            }
        }
    }

    /** Nats per token of training steps, smoothed. */
    Points training() {
        return training;
    }

    /** Nats per token of evaluations. */
    Points heldOut() {
        return heldOut;
    }
}

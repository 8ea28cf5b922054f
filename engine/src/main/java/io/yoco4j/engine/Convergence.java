package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.Checkpoint;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.exec.AngularDistance;
import io.yoco4j.engine.exec.LayerTap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Whether loops converge: how far each layer, in each iteration, turns the residual stream, as the mean over tokens of the
 * angular distance {@code arccos(cos(x, y)) / pi} between what the layer before put out, x (the embeddings for the first),
 * and what it put out itself, y. Figure 8 of the YOCO-U paper draws it.
 *
 * <p>Texts are added, each cut into windows that are contexts of their own. Where the model has a beginning-of-text token,
 * every window begins with it.
 *
 * {@snippet class="io.yoco4j.engine.EngineSnippets" region="convergence"}
 *
 * <p>One thread uses it at a time.
 */
public final class Convergence {

    /**
     * A layer in an iteration.
     *
     * @param stage index of the stage
     * @param iteration of the stage, from 0
     * @param layer of the stage, from 0
     * @param distance mean angular distance between the output of the layer before and its own
     */
    public record Layer(int stage, int iteration, int layer, double distance) {}

    /**
     * An iteration of a stage.
     *
     * @param stage index of the stage
     * @param iteration from 0
     * @param layers mean of the distances of its layers
     * @param across mean angular distance between the output of the iteration before, or the stage's input, and its own:
     *     what {@link SessionOptions#exitThreshold} is compared with, token by token
     */
    public record Iteration(int stage, int iteration, double layers, double across) {}

    private final Session session;
    private final Sums sums;

    /**
     * Nothing yet.
     *
     * @param session runs the texts; what it holds is forgotten
     * @throws InvalidInputException when the session has an exit threshold
     */
    public Convergence(Session session) {
        if (session.exitThreshold() > 0) {
            throw new InvalidInputException("exit threshold " + session.exitThreshold()
                    + " was asked for, but convergence is measured over all iterations: leave it out");
        }
        this.session = session;
        sums = new Sums(session.architecture());
    }

    /**
     * Adds a text.
     *
     * @param window tokens of a window, from 2 to the session's positions
     * @throws InvalidInputException when the model has no tokenizer, or the window is out of range
     */
    public void add(String text, int window) {
        Tokenizer tokenizer = session.model()
                .tokenizer()
                .orElseThrow(() -> new InvalidInputException("the model has no " + Checkpoint.TOKENIZER
                        + ", which text needs: put the file in its folder, or add token ids"));
        add(tokenizer.encode(text), window);
    }

    /**
     * Adds tokens.
     *
     * @param window tokens of a window, from 2 to the session's positions
     * @throws InvalidInputException when a token is not of the vocabulary, or the window is out of range
     */
    public void add(int[] ids, int window) {
        session.requireWindow(window);
        int[] bos = session.model().generationConfig().bos().stream().toArray();
        int step = window - bos.length;
        for (int from = 0; from < ids.length; from += step) {
            IntStream text = Arrays.stream(ids, from, Math.min(ids.length, from + step));
            session.reset();
            session.observe(IntStream.concat(Arrays.stream(bos), text).toArray(), sums);
        }
    }

    /** Tokens taken so far, those at the beginnings included. */
    public long tokens() {
        return sums.tokens;
    }

    /** Every layer in every iteration, in the order of execution; empty before the first token. */
    public List<Layer> layers() {
        List<Layer> out = new ArrayList<>();
        for (int s = 0; s < sums.layers.length && tokens() > 0; s++) {
            for (int t = 0; t < sums.layers[s].length; t++) {
                for (int l = 0; l < sums.layers[s][t].length; l++) {
                    out.add(new Layer(s, t, l, sums.layers[s][t][l] / tokens()));
                }
            }
        }
        return List.copyOf(out);
    }

    /** Every iteration of every stage, in the order of execution; empty before the first token. */
    public List<Iteration> iterations() {
        List<Iteration> out = new ArrayList<>();
        for (int s = 0; s < sums.layers.length && tokens() > 0; s++) {
            for (int t = 0; t < sums.layers[s].length; t++) {
                double mean = Arrays.stream(sums.layers[s][t]).average().orElseThrow() / tokens();
                out.add(new Iteration(s, t, mean, sums.across[s][t] / tokens()));
            }
        }
        return List.copyOf(out);
    }

    /** Sums over tokens. */
    private static final class Sums implements LayerTap {
        private final int hidden;
        private final double[][][] layers; // by stage, iteration, layer
        private final double[][] across; // by stage, iteration
        private long tokens;
        private float[] last = {}; // [n, D], after the layer before
        private float[] start = {}; // [n, D], after the iteration before

        Sums(Architecture a) {
            hidden = a.hiddenSize();
            layers = a.stages().stream()
                    .map(s -> new double[s.loops()][s.layers()])
                    .toArray(double[][][]::new);
            across = a.stages().stream().map(s -> new double[s.loops()]).toArray(double[][]::new);
        }

        @Override
        public void embedded(float[] x, int n) {
            if (last.length < n * hidden) {
                last = new float[n * hidden];
                start = new float[n * hidden];
            }
            System.arraycopy(x, 0, last, 0, n * hidden);
            System.arraycopy(x, 0, start, 0, n * hidden);
            tokens += n;
        }

        @Override
        public void layer(int stage, int iteration, int layer, float[] x, int n) {
            layers[stage][iteration][layer] += advance(last, x, n);
            if (layer == layers[stage][iteration].length - 1) {
                across[stage][iteration] += advance(start, x, n);
            }
        }

        /** The sum of distances from rows of {@code from}, which become those of {@code x}. */
        private double advance(float[] from, float[] x, int n) {
            double sum = 0;
            for (int row = 0; row < n; row++) {
                sum += AngularDistance.of(from, row * hidden, x, row * hidden, hidden);
            }
            System.arraycopy(x, 0, from, 0, n * hidden);
            return sum;
        }
    }
}

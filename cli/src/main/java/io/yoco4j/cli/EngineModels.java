package io.yoco4j.cli;

import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.SessionOptions;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.eval.ContinuationScore;
import io.yoco4j.eval.GreedyRequest;
import io.yoco4j.eval.ScoreRequest;
import io.yoco4j.experiment.EvaluatedModel;
import io.yoco4j.experiment.Models;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;

/** An experiment's models on the engine, in float32. */
final class EngineModels implements Models {
    @Override
    public EvaluatedModel open(Path folder, OptionalInt loops, int threads) {
        SessionOptions.Builder session = SessionOptions.builder();
        loops.ifPresent(session::loops);
        EngineOptions options =
                EngineOptions.builder().threads(threads).kv(KvFormat.F32).build();
        YocoModel model = YocoModel.open(folder, options);
        try {
            return new Opened(model, new EngineLanguageModel(model, session.build(), Integer.MAX_VALUE, true));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    private record Opened(YocoModel model, EngineLanguageModel language) implements EvaluatedModel {
        @Override
        public int[] encode(String text) {
            return language.encode(text);
        }

        @Override
        public String decode(int[] ids) {
            return language.decode(ids);
        }

        @Override
        public int startToken() {
            return language.startToken();
        }

        @Override
        public int maxTokens() {
            return language.maxTokens();
        }

        @Override
        public List<List<ContinuationScore>> score(List<ScoreRequest> requests) {
            return language.score(requests);
        }

        @Override
        public List<int[]> greedy(List<GreedyRequest> requests) {
            return language.greedy(requests);
        }

        @Override
        public String generate(int[] prompt, int maxNewTokens, List<String> stop) {
            return language.generate(prompt, maxNewTokens, stop);
        }

        @Override
        public void close() {
            model.close();
        }
    }
}

package io.yoco4j.server;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.engine.FinishReason;
import io.yoco4j.engine.LoopsUsed;
import io.yoco4j.server.api.ApiException;
import io.yoco4j.server.api.LogprobList;
import io.yoco4j.server.api.Usage;
import io.yoco4j.server.schedule.GenerationEvent;
import io.yoco4j.server.schedule.GenerationEvent.Failed;
import io.yoco4j.server.schedule.GenerationEvent.Finished;
import io.yoco4j.server.schedule.GenerationEvent.PromptScored;
import io.yoco4j.server.schedule.GenerationEvent.Started;
import io.yoco4j.server.schedule.GenerationEvent.Token;
import io.yoco4j.server.schedule.GenerationRequest;
import io.yoco4j.server.schedule.RefusedException;
import io.yoco4j.server.schedule.Scheduler;
import io.yoco4j.server.schedule.Series;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request on its way through a scheduler: a generation per prompt, whose choices it numbers through, and what
 * became of them so far. The thread that handles the request uses it.
 */
final class Exchange implements AutoCloseable {
    private record Arrival(int prompt, GenerationEvent event) {}

    /** A text so far. */
    final class ChoiceText {
        final int index;
        private final int prompt;
        private final StringBuilder text = new StringBuilder();
        private final Optional<LogprobList> logprobs;
        private @Nullable FinishReason finish;
        private long cacheBytes;
        private LoopsUsed loops = LoopsUsed.NONE;
        /** What of it was told before. */
        private int toldChars;

        private int toldTokens;
        private boolean told;

        ChoiceText(int index, int prompt, boolean scored) {
            this.index = index;
            this.prompt = prompt;
            logprobs = scored ? Optional.of(new LogprobList(model::tokenBytes)) : Optional.empty();
        }

        String text() {
            return text.toString();
        }

        Optional<LogprobList> logprobs() {
            return logprobs;
        }

        Optional<FinishReason> finish() {
            return Optional.ofNullable(finish);
        }

        /** Whether there is something that was not told. */
        boolean news() {
            return text.length() > toldChars
                    || logprobs.isPresent() && logprobs.get().size() > toldTokens
                    || finish != null;
        }

        String newText() {
            return text.substring(toldChars);
        }

        boolean first() {
            return !told;
        }

        int toldTokens() {
            return toldTokens;
        }

        void tell() {
            toldChars = text.length();
            toldTokens = logprobs.map(LogprobList::size).orElse(0);
            told = true;
        }
    }

    private final ServedModel model;
    private final List<GenerationRequest> requests;
    private final String input;
    private final BlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
    private final List<Scheduler.Handle> handles = new ArrayList<>();
    private final Series series;
    /** How many of a prompt's choices go on; prompts from the number of handles on are not submitted yet. */
    private final int[] goingOf;

    /** Prompts that are submitted and not done. */
    private int under;

    private final List<ChoiceText> choices = new ArrayList<>();
    private final long start = System.nanoTime();
    private int going;
    private int cachedTokens;
    private int generatedTokens;
    private long firstToken;

    /**
     * Submits the requests: as many of them as may run at once, and others as these end, so that many prompts are no more
     * than a few to those who wait behind them.
     *
     * @param input the field that prompts come from, to name in errors
     * @param echo what the texts of each prompt begin with; empty for nothing
     * @throws ApiException when the scheduler does not take one that it would have to begin with, or one is wrong
     */
    Exchange(ServedModel model, List<GenerationRequest> requests, String input, List<String> echo) {
        this.model = model;
        series = model.scheduler().series();
        this.input = input;
        this.requests = requests;
        for (int p = 0; p < requests.size(); p++) {
            GenerationRequest r = requests.get(p);
            for (int c = 0; c < r.choices(); c++) {
                ChoiceText choice =
                        new ChoiceText(choices.size(), p, r.logprobs().isPresent());
                if (!echo.isEmpty()) {
                    choice.text.append(echo.get(p));
                }
                choices.add(choice);
            }
        }
        going = choices.size();
        goingOf = requests.stream().mapToInt(GenerationRequest::choices).toArray();
        try {
            requests.forEach(model.scheduler()::require);
            submit();
        } catch (RefusedException e) {
            close();
            throw refused(e);
        } catch (InvalidInputException e) {
            close();
            throw ApiException.invalid(input, String.valueOf(e.getMessage()));
        } catch (RuntimeException | Error e) {
            // What is under way would run for nobody.
            close();
            throw e;
        }
    }

    /** Submits prompts, in order, as long as not more of them are under way than texts may run at once. */
    private void submit() {
        while (handles.size() < requests.size()
                && under < model.scheduler().options().maxConcurrent()) {
            int prompt = handles.size();
            try {
                handles.add(
                        series.submit(requests.get(prompt), under, event -> arrivals.add(new Arrival(prompt, event))));
            } catch (RefusedException e) {
                if (e.reason() == RefusedException.Reason.QUEUE_FULL && under > 0) {
                    // One of those under way will end.
                    return;
                }
                throw e;
            }
            under++;
        }
        if (handles.size() == requests.size()) {
            series.close();
        }
    }

    private void ended(int prompt) {
        goingOf[prompt]--;
        if (goingOf[prompt] == 0) {
            under--;
            try {
                submit();
            } catch (RefusedException e) {
                throw refused(e);
            }
        }
    }

    private ApiException refused(RefusedException e) {
        String message = String.valueOf(e.getMessage());
        return switch (e.reason()) {
            case CONTEXT_LENGTH -> ApiException.contextLength(input, message);
            case CACHE_MEMORY -> ApiException.invalid("max_tokens", message);
            case QUEUE_FULL ->
                new ApiException(
                        429, "rate_limit_error", Optional.empty(), Optional.of("queue_full"), e.retryAfter(), message);
            case SHUTDOWN -> ApiException.unavailable(message, e.retryAfter());
        };
    }

    List<ChoiceText> choices() {
        return choices;
    }

    /** Whether all choices have ended. */
    boolean done() {
        return going == 0;
    }

    /**
     * Waits for something to happen, and takes in all that has.
     *
     * @return whether anything has
     * @throws ApiException when a generation failed
     */
    boolean await(Duration most) {
        try {
            Arrival arrival = arrivals.poll(most.toNanos(), TimeUnit.NANOSECONDS);
            if (arrival == null) {
                return false;
            }
            for (; arrival != null; arrival = arrivals.poll()) {
                take(arrival);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw ApiException.unavailable("The server is shutting down", Optional.empty());
        }
    }

    private void take(Arrival arrival) {
        int first = 0;
        for (int p = 0; p < arrival.prompt(); p++) {
            first += requests.get(p).choices();
        }
        switch (arrival.event()) {
            case Started(int cached) -> cachedTokens += cached;
            case PromptScored scored -> score(arrival.prompt(), scored);
            case Token token -> take(choices.get(first + token.choice()), token);
            case Finished finished -> {
                ChoiceText choice = choices.get(first + finished.choice());
                choice.finish = finished.reason();
                choice.cacheBytes = finished.cacheBytes();
                choice.loops = finished.loops();
                going--;
                ended(arrival.prompt());
            }
            case Failed failed -> throw failed(failed);
        }
    }

    private void score(int prompt, PromptScored scored) {
        for (ChoiceText choice : choices) {
            if (choice.prompt == prompt && choice.logprobs.isPresent()) {
                choice.logprobs.get().addFirst(requests.get(prompt).prompt()[0]);
                scored.tokens().forEach(choice.logprobs.get()::add);
            }
        }
    }

    private void take(ChoiceText choice, Token token) {
        if (firstToken == 0) {
            firstToken = System.nanoTime();
        }
        generatedTokens++;
        choice.cacheBytes = token.cacheBytes();
        choice.loops = token.loops();
        choice.text.append(token.text());
        token.logprobs().ifPresent(l -> choice.logprobs.orElseThrow().add(l));
    }

    private static ApiException failed(Failed failed) {
        return switch (failed.failure()) {
            case TIMEOUT -> ApiException.failed(504, failed.message());
            case SHUTDOWN, MEMORY -> ApiException.unavailable(failed.message(), Optional.of(Duration.ofSeconds(1)));
            case INTERNAL -> ApiException.failed(500, failed.message());
        };
    }

    /** What it took so far. */
    Usage usage() {
        int promptTokens = requests.stream().mapToInt(r -> r.prompt().length).sum();
        return new Usage(
                promptTokens,
                cachedTokens,
                generatedTokens,
                choices.stream().mapToLong(c -> c.cacheBytes).sum(),
                choices.stream().map(c -> c.loops).reduce(LoopsUsed.NONE, LoopsUsed::plus),
                firstToken == 0 ? 0 : (firstToken - start) / 1e9,
                (System.nanoTime() - start) / 1e9);
    }

    /** Ends what is still going on. */
    @Override
    public void close() {
        series.close();
        handles.forEach(Scheduler.Handle::cancel);
    }
}

package io.yoco4j.examples;

import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.language.LanguageModel;
import dev.langchain4j.model.output.Response;
import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.text.Tokenizer;
import io.yoco4j.engine.GeneratedToken;
import io.yoco4j.engine.Generation;
import io.yoco4j.engine.GenerationOptions;
import io.yoco4j.engine.Logits;
import io.yoco4j.engine.Sampling;
import io.yoco4j.engine.Session;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.langchain4j.YocoChatModel;
import io.yoco4j.langchain4j.YocoLanguageModel;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What an application does with a model: stream a text, let two branches go on from one context, and use it through
 * langchain4j. {@code examples/run MODEL_FOLDER [PROMPT]} runs it.
 */
public final class Tour {
    private static final int TOKENS = 48;
    /** The likeliest tokens of a small model repeat themselves. */
    private static final Sampling SAMPLING =
            Sampling.builder().temperature(0.9).topP(0.95).seed(1).build();

    private static final List<String> BRANCHES = List.of("int ", "String ");

    private final YocoModel model;
    private final String prompt;
    private final PrintStream out;

    private Tour(YocoModel model, String prompt, PrintStream out) {
        this.model = model;
        this.prompt = prompt;
        this.out = out;
    }

    /** Exit code 2 for a mistake in the arguments, 1 for what fails all the same, 0 otherwise. */
    public static void main(String[] args) {
        System.exit(run(args, System.out, System.err));
    }

    static int run(String[] args, PrintStream out, PrintStream err) {
        if (args.length < 1 || args.length > 2) {
            err.println("usage: examples/run MODEL_FOLDER [PROMPT]");
            return 2;
        }
        Path folder = Path.of(args[0]);
        if (!Files.isDirectory(folder)) {
            err.println("there is no folder " + folder
                    + ": name one that ./yoco train or ./yoco import wrote, or run ./yoco quickstart first");
            return 2;
        }
        try (YocoModel model = YocoModel.open(folder)) {
            Tour tour = new Tour(model, args.length > 1 ? args[1] : "public static ", out);
            tour.stream();
            tour.branch();
            tour.langchain4j();
            return 0;
        } catch (InvalidInputException | InvalidRequestException e) {
            err.println(e.getMessage());
            return 2;
        } catch (UncheckedIOException e) {
            err.println(e.getMessage());
            return 1;
        }
    }

    /** Tokens as they come. */
    private void stream() {
        out.println("== A text as it is generated");
        GenerationOptions options =
                GenerationOptions.builder().maxTokens(TOKENS).sampling(SAMPLING).build();
        try (Generation text = model.generate(prompt, options)) {
            out.print(prompt);
            for (GeneratedToken token : text) {
                out.print(token.text());
                out.flush();
            }
            out.println();
            out.println("(" + text.stats() + ")");
        }
    }

    /** One context, read once, and two ways on from it. */
    private void branch() {
        out.println("== Two branches of one context");
        Tokenizer tokenizer = model.tokenizer().orElseThrow();
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(TOKENS / 2)
                .sampling(SAMPLING)
                .build();
        try (Session trunk = model.session()) {
            trunk.prefill(model.encode(prompt), Logits.NONE);
            for (String branch : BRANCHES) {
                try (Session fork = trunk.fork();
                        Generation text = fork.generate(tokenizer.encode(branch), options)) {
                    out.println(prompt + branch + text.join());
                }
            }
            out.println("(the context's " + trunk.position() + " tokens were read once)");
        }
    }

    /** The same model through langchain4j's interfaces; a chat where the model was tuned for one. */
    private void langchain4j() {
        out.println("== Through langchain4j");
        LanguageModel language = YocoLanguageModel.builder()
                .model(model)
                .maxOutputTokens(TOKENS)
                .temperature(0.9)
                .topP(0.95)
                .seed(1)
                .build();
        Response<String> response = language.generate(prompt);
        out.println(response.content());
        out.println("(" + response.tokenUsage() + ", ended by " + response.finishReason() + ")");
        ChatModel chat;
        try {
            chat = YocoChatModel.builder().model(model).maxOutputTokens(TOKENS).build();
        } catch (InvalidInputException e) {
            out.println("(no chat: " + e.getMessage() + ")");
            return;
        }
        out.println(chat.chat("What can you do?"));
    }
}

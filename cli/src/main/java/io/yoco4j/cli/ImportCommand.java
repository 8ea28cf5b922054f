package io.yoco4j.cli;

import io.yoco4j.core.arch.Accounting;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.HuggingFaceImport;
import java.nio.file.Path;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "import",
        description = {
            "Import a Hugging Face folder: LlamaForCausalLM, MistralForCausalLM or dense Qwen3ForCausalLM.",
            "What the format cannot say, such as scaled RoPE or quantized weights, is refused by the name of its field."
        },
        mixinStandardHelpOptions = true)
final class ImportCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Parameters(paramLabel = "HF_DIR", description = "The folder with config.json, safetensors and tokenizer.json.")
    private Path folder;

    @Option(names = "--out", paramLabel = "DIR", required = true, description = "The model folder to make.")
    private Path out;

    @Mixin
    private JsonOption json = new JsonOption();

    @SuppressWarnings("NullAway.Init") // picocli sets them
    ImportCommand() {}

    @Override
    public void run() {
        Architecture a = HuggingFaceImport.run(folder, out);
        long parameters = new Accounting(a).parameters();
        spec.commandLine()
                .getOut()
                .println(
                        json.wanted()
                                ? Json.line(Map.of("out", out.toString(), "parameters", parameters))
                                : "Imported " + Units.count(parameters) + " parameters into " + out + "\nTry: "
                                        + Yoco.command() + " generate " + out + " \"Once upon a time\"");
    }
}

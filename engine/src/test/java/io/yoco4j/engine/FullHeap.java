package io.yoco4j.engine;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.KvFormat;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import java.util.ArrayList;
import java.util.List;

/** What {@link PlainJvmTest} runs in a small JVM: contexts until it is full. */
final class FullHeap {
    private FullHeap() {}

    /** Prints the refusal; exits with 0 where it came before the heap was out of memory, and changed nothing. */
    public static void main(String[] args) {
        Architecture a = Presets.architecture("yoco-u", "nano");
        EngineOptions options =
                EngineOptions.builder().threads(1).kv(KvFormat.valueOf(args[0])).build();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), options)) {
            Session first = model.session();
            first.prefill(new int[20], Logits.NONE);
            List<Session> sessions = new ArrayList<>();
            try {
                while (true) {
                    sessions.add(first.fork());
                    sessions.getLast().decode(1);
                }
            } catch (InvalidInputException e) {
                System.out.println(e.getMessage());
            }
            long held = sessions.stream().mapToLong(Session::allocatedBytes).sum();
            if (held < Runtime.getRuntime().maxMemory() / 2) {
                throw new AssertionError("refused with only " + held + " bytes held");
            }
            if (sessions.getLast().position() != 20) {
                throw new AssertionError("position is " + sessions.getLast().position());
            }
            sessions.subList(0, 5).forEach(Session::close);
            sessions.getLast().decode(1);
        }
    }
}

package io.yoco4j.core.testing;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.arch.Stage.LoopKv;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Small instances of every system, and of what no preset has, for contract tests of both executors. */
public final class Systems {
    private static final Presets.Size SMALL = new Presets.Size(4, 24, 6, 2, 8, 40, 61, 5, true, 512);

    private Systems() {}

    /** By name. Window 5, six heads in two groups, so that nothing is a power of two by luck. */
    public static Map<String, Architecture> all() {
        Map<String, Architecture> systems = new LinkedHashMap<>();
        for (String system : Presets.systems()) {
            systems.put(system, Presets.architecture(system, SMALL));
        }
        Architecture yocoU = Presets.architecture("yoco-u", SMALL);
        Stage self = yocoU.stages().getFirst();
        Stage cross = yocoU.stages().getLast();
        systems.put(
                "yoco-u, qk-norm, untied",
                yocoU.toBuilder().qkNorm(true).tiedEmbeddings(false).build());
        systems.put(
                "yoco-u, inject, first, rope cross",
                yocoU.toBuilder()
                        .stages(List.of(
                                self.withLoopInput(LoopInput.INJECT).withLoopKv(LoopKv.FIRST),
                                Stage.of(2, cross.attention(), Stage.Position.ROPE)
                                        .withLoops(2)))
                        .build());
        Stage retention = Presets.architecture("yoco-gret", SMALL).stages().getFirst();
        systems.put(
                "looped retention",
                yocoU.toBuilder()
                        .stages(List.of(retention.withLoops(2).withLoopInput(LoopInput.INJECT), cross))
                        .build());
        systems.put(
                "three kinds before two cross stages",
                yocoU.toBuilder()
                        .stages(List.of(
                                Presets.architecture("transformer", SMALL)
                                        .stages()
                                        .getFirst()
                                        .withLoops(2),
                                self,
                                retention,
                                cross,
                                cross.withLoops(2)))
                        .build());
        return systems;
    }
}

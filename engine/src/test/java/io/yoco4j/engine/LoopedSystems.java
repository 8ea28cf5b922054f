package io.yoco4j.engine;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Attention;
import io.yoco4j.core.arch.Stage;
import io.yoco4j.core.arch.Stage.LoopInput;
import io.yoco4j.core.testing.Systems;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/** Systems whose tokens may leave a loop. */
final class LoopedSystems {
    private LoopedSystems() {}

    /** By name: those of {@link Systems}, and two that inject and have keys and values of their own in each iteration. */
    static Map<String, Architecture> all() {
        Map<String, Architecture> systems = new LinkedHashMap<>(Systems.all());
        systems.values().removeIf(a -> !a.looped() || a.stages().stream().anyMatch(LoopedSystems::retains));
        systems.put("yoco-u, inject", injecting("yoco-u"));
        systems.put("universal, inject", injecting("universal"));
        return systems;
    }

    private static boolean retains(Stage stage) {
        return stage.loops() > 1 && stage.attention() instanceof Attention.GatedRetention;
    }

    private static Architecture injecting(String system) {
        Architecture a = Objects.requireNonNull(Systems.all().get(system));
        return a.toBuilder()
                .stages(a.stages().stream()
                        .map(s -> s.loops() > 1 ? s.withLoopInput(LoopInput.INJECT) : s)
                        .toList())
                .build();
    }
}

package io.yoco4j.core.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
    private static final Architecture YOCO_U = Presets.architecture("yoco-u", "nano");

    @Test
    void withLoopsChangesLoopedStagesAlone() {
        Architecture deeper = YOCO_U.withLoops(5);
        assertThat(deeper.stages().getFirst())
                .isEqualTo(YOCO_U.stages().getFirst().withLoops(5));
        assertThat(deeper.stages().getLast()).isEqualTo(YOCO_U.stages().getLast());
        assertThat(deeper.effectiveDepth()).isEqualTo(2 * 5 + 2);
        assertThat(deeper.layers()).isEqualTo(4);
        assertThat(ParameterLayout.of(deeper).keySet())
                .containsExactlyElementsOf(ParameterLayout.of(YOCO_U).keySet());
        assertThat(deeper.withLoops(3)).isEqualTo(YOCO_U);
    }

    @Test
    void withLoopsOfOneTakesTheLoopsAway() {
        Architecture shallow = YOCO_U.withLoops(1);
        assertThat(shallow.looped()).isFalse();
        assertThat(shallow).isEqualTo(Presets.architecture("yoco", "nano"));
    }

    @Test
    void withLoopsRefusesWhatCannotBe() {
        assertThatThrownBy(() -> Presets.architecture("yoco", "nano").withLoops(2))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("no looped stage");
        for (int loops : new int[] {0, -1, Stage.MAX_LOOPS + 1}) {
            assertThatThrownBy(() -> YOCO_U.withLoops(loops))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("loops is " + loops);
        }
    }

    @Test
    void theGlobalCacheIsThatOfTheFirstCrossStage() {
        Architecture transformer = Presets.architecture("transformer", "nano");
        assertThat(transformer.hasGlobalCache()).isFalse();
        assertThat(transformer.globalCacheRope()).isFalse();
        assertThat(transformer.firstCrossStage()).isEqualTo(1);
        assertThat(YOCO_U.hasGlobalCache()).isTrue();
        assertThat(YOCO_U.globalCacheRope()).isFalse();
        assertThat(Presets.architecture("yoco-gret", "nano").globalCacheRope()).isTrue();
        Stage nope = YOCO_U.stages().getLast();
        Stage rope = Stage.of(1, new Attention.Cross(), Stage.Position.ROPE);
        Stage first = YOCO_U.stages().getFirst();
        assertThat(YOCO_U.toBuilder().stages(first, nope, rope).build().globalCacheRope())
                .isFalse();
        assertThat(YOCO_U.toBuilder().stages(first, rope, nope).build().globalCacheRope())
                .isTrue();
    }

    @Test
    void widthsComeFromHeads() {
        Architecture paper = Presets.architecture("yoco-u", "paper");
        assertThat(paper.queryDim()).isEqualTo(20 * 128);
        assertThat(paper.kvDim()).isEqualTo(4 * 128);
    }

    @Test
    void stagesAreCopied() {
        List<Stage> stages = new ArrayList<>(YOCO_U.stages());
        Architecture a = YOCO_U.toBuilder().stages(stages).build();
        stages.clear();
        assertThat(a).isEqualTo(YOCO_U);
        assertThat(a.toBuilder().build()).isEqualTo(a);
    }

    @Test
    void cachedLoopsFollowLoopKv() {
        Stage looped = YOCO_U.stages().getFirst();
        assertThat(looped.cachedLoops()).isEqualTo(3);
        assertThat(looped.withLoopKv(Stage.LoopKv.FIRST).cachedLoops()).isEqualTo(1);
    }
}

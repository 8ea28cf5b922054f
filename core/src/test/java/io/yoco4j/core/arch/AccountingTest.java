package io.yoco4j.core.arch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccountingTest {
    private static final long MIB = 1 << 20;

    /** The YOCO-U paper's Table 10: KV cache of the 1.3B shape in bf16, MiB. */
    @ParameterizedTest
    @CsvSource({"transformer,320,10240", "rins,640,20480", "yoco,26,522", "yoco-u,46,542"})
    void paperTableOfKvCache(String system, long at8k, long at256k) {
        Accounting accounting = new Accounting(Presets.architecture(system, "paper"));
        assertThat(accounting.kvBytes(8192, KvFormat.BF16)).isEqualTo(at8k * MIB);
        assertThat(accounting.kvBytes(262_144, KvFormat.BF16)).isEqualTo(at256k * MIB);
    }

    @Test
    void loopsAddDepthButNoParameters() {
        Architecture yoco = Presets.architecture("yoco", "tiny");
        Architecture yocoU = Presets.architecture("yoco-u", "tiny");
        assertThat(new Accounting(yocoU).parameters()).isEqualTo(new Accounting(yoco).parameters());
        assertThat(yocoU.effectiveDepth()).isEqualTo(4 * 3 + 4);
        assertThat(yocoU.layers()).isEqualTo(8);
    }

    /** Counted by hand for L = 4, D = 64, H x hd = 64, F = 176, V = 512. */
    @Test
    void nanoTransformerByHand() {
        Accounting accounting = new Accounting(Presets.architecture("transformer", "nano"));
        long layer = 4 * 64 * 64 + 3 * 64 * 176;
        assertThat(accounting.parameters()).isEqualTo(512 * 64 + 4 * (layer + 2 * 64) + 64);
        assertThat(accounting.nonEmbeddingParameters()).isEqualTo(4 * (layer + 2 * 64) + 64);
        assertThat(accounting.decodeFlops(9)).isEqualTo(2.0 * (4 * layer + 512 * 64) + 4 * 4.0 * 64 * 10);
        assertThat(accounting.kvBytes(100, KvFormat.F32)).isEqualTo(4L * 100 * 2 * 64 * 4);
        assertThat(accounting.decodeBytes(9, 2, KvFormat.BF16))
                .isEqualTo(2.0 * (4 * layer + 512 * 64 + 64) + 2.0 * 4 * 2 * 64 * 10);
    }

    /** A prefill with all logits costs what decoding its tokens one by one costs. */
    @ParameterizedTest
    @CsvSource({
        "transformer",
        "sparse",
        "universal",
        "rins",
        "yoco",
        "yoco-gret",
        "yoco-u",
        "yoco-upper-loop",
        "yoco-u-layer-loop",
        "layer-recursion"
    })
    void prefillIsTheSumOfItsTokens(String system) {
        Accounting accounting = new Accounting(Presets.architecture(system, "nano"));
        double sum = 0;
        for (int p = 0; p < 100; p++) {
            sum += accounting.decodeFlops(p);
        }
        assertThat(accounting.prefillFlops(100, true)).isCloseTo(sum, within(1e-6 * sum));
        double last = accounting.decodeFlops(99);
        for (int p = 0; p < 99; p++) {
            last += accounting.prefillFlopsAt(p);
        }
        assertThat(accounting.prefillFlops(100, false)).isCloseTo(last, within(1e-6 * last));
    }

    @ParameterizedTest
    @CsvSource({
        "transformer,O(N·L·D),4 x N",
        "universal,O(N·T·L·D),8 x N",
        "yoco,O((N + W·L)·D),'N + 2 x min(N, 32)'",
        "yoco-u,O((N + W·T·L)·D),'N + 6 x min(N, 32)'"
    })
    void formulasComeFromTheStages(String system, String growth, String rows) {
        Accounting accounting = new Accounting(Presets.architecture(system, "nano"));
        assertThat(accounting.cacheFormula()).isEqualTo(growth);
        assertThat(accounting.cacheRowsFormula()).isEqualTo(rows);
    }
}

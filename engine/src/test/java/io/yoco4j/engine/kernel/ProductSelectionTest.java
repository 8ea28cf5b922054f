package io.yoco4j.engine.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.arch.Presets;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.StoredTensor;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.engine.EngineOptions;
import io.yoco4j.engine.YocoModel;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProductSelectionTest {
    private static final Set<WeightFormat> BF16 = EnumSet.of(WeightFormat.BF16, WeightFormat.F32);
    private static final String PROPERTY = "yoco.products";

    private static final EngineOptions PREPACKED = EngineOptions.builder()
            .kernels(KernelSelection.SCALAR)
            .prepack(true)
            .build();

    @TempDir
    Path temp;

    private final ClassLoader before = Thread.currentThread().getContextClassLoader();

    @AfterEach
    void restore() {
        Thread.currentThread().setContextClassLoader(before);
        System.clearProperty(PROPERTY);
        FakeProducts.Provider.copyBytes = 1;
    }

    /** A class path that has these providers and no others. */
    private void provide(Class<?>... providers) throws IOException {
        Path services = Files.createDirectories(temp.resolve("META-INF/services"));
        List<String> names = new ArrayList<>();
        for (Class<?> p : providers) {
            names.add(p.getName());
        }
        Files.write(services.resolve(ManyRowProducts.Provider.class.getName()), names);
        Thread.currentThread().setContextClassLoader(loader());
    }

    @SuppressWarnings("MustBeClosedChecker") // it holds folders only
    private ClassLoader loader() throws MalformedURLException {
        return new URLClassLoader(new URL[] {temp.toUri().toURL()}, before);
    }

    private static Optional<String> open(String name, Set<WeightFormat> formats) {
        return ProductSelection.open(name, formats, KernelSelection.SCALAR.kernels(), 1)
                .map(ManyRowProducts::name);
    }

    @Test
    void takesWhatTheClassPathHasUnlessToldOtherwise() throws IOException {
        assertThat(open("auto", BF16)).isEmpty();
        provide(FakeProducts.Provider.class);
        assertThat(open("auto", BF16)).contains("fake");
        assertThat(open("fake", BF16)).contains("fake");
        assertThat(open("java", BF16)).isEmpty();
        System.setProperty(PROPERTY, "java");
        assertThat(open("auto", BF16)).isEmpty();
        assertThat(open("fake", BF16)).contains("fake");
    }

    @Test
    void opensNothingForWeightsThatItDoesNotTake() throws IOException {
        provide(FakeProducts.Provider.class, FakeProducts.Refusing.class);
        for (String name : List.of("auto", "fake", "refusing")) {
            assertThat(open(name, EnumSet.of(WeightFormat.F32, WeightFormat.F16)))
                    .isEmpty();
        }
    }

    @Test
    void refusesWhatIsNotThere() throws IOException {
        assertThatThrownBy(() -> open("fake", BF16))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("products by fake were asked for, but the class path has no others than java:"
                        + " put the module of that name there, or ask for java");
        provide(FakeProducts.Refusing.class);
        assertThatThrownBy(() -> open("fake", BF16))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("the class path has [refusing]");
        assertThatThrownBy(() -> open("refusing", BF16))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("products by refusing were asked for, but refusing does not run here: the moon is not full:"
                        + " ask for java");
    }

    @Test
    void saysOnceWhyOneDoesNotRunAndTakesTheNext() throws IOException {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord entry) {
                lines.add(entry.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger(ProductSelection.class.getName());
        logger.setUseParentHandlers(false);
        logger.addHandler(handler);
        try {
            provide(FakeProducts.Refusing.class);
            assertThat(open("auto", BF16)).isEmpty();
            provide(FakeProducts.Refusing.class, FakeProducts.Provider.class);
            assertThat(open("auto", BF16)).contains("fake");
        } finally {
            logger.removeHandler(handler);
            logger.setUseParentHandlers(true);
        }
        assertThat(lines)
                .containsExactly("refusing does not run here: the moon is not full. -Dyoco.products=java spares you"
                        + " this line.");
    }

    @Test
    void aModelNamesThemAndClosesThem() throws IOException {
        provide(FakeProducts.Provider.class);
        Architecture a = Presets.architecture("yoco-u", "nano");
        EngineOptions options =
                EngineOptions.builder().kernels(KernelSelection.SCALAR).build();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.BF16, 1), options)) {
            assertThat(model.kernels()).isEqualTo("scalar+fake");
            assertThat(FakeProducts.Provider.last.closed).isFalse();
        }
        assertThat(FakeProducts.Provider.last.closed).isTrue();
        try (YocoModel model = YocoModel.of(a, RandomWeights.of(a, WeightFormat.F32, 1), options)) {
            assertThat(model.kernels()).isEqualTo("scalar");
        }
    }

    @Test
    void aModelHasThemKeepCopiesOfWhatRowsAreMultipliedWith() throws IOException {
        provide(FakeProducts.Provider.class);
        Architecture tied = Presets.architecture("yoco-u", "nano");
        for (Architecture a :
                List.of(tied, tied.toBuilder().tiedEmbeddings(false).build())) {
            Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.BF16, 1);
            long matrices =
                    weights.values().stream().filter(t -> t.shape().length > 1).count();
            try (YocoModel _ = YocoModel.of(a, weights, PREPACKED)) {
                assertThat(FakeProducts.Provider.last.prepacked)
                        .hasSize((int) (a.tiedEmbeddings() ? matrices : matrices - 1))
                        .doesNotHaveDuplicates();
            }
        }
    }

    @Test
    void aModelRefusesToKeepCopiesThatNothingReads() throws IOException {
        Architecture a = Presets.architecture("yoco-u", "nano");
        Map<String, StoredTensor> weights = RandomWeights.of(a, WeightFormat.BF16, 1);
        assertThatThrownBy(() -> YocoModel.of(a, weights, PREPACKED))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("put engine-onednn on the class path");
        provide(FakeProducts.Provider.class);
        FakeProducts.Provider.copyBytes = 0;
        assertThatThrownBy(() -> YocoModel.of(a, weights, PREPACKED))
                .isInstanceOf(InvalidInputException.class)
                .hasMessage("prepacked weights were asked for, but products by fake read weights where they lie:"
                        + " leave prepack out");
        assertThat(FakeProducts.Provider.last.closed).isTrue();
    }
}

package io.yoco4j.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import io.yoco4j.core.arch.Presets;
import java.util.Arrays;

/**
 * Who may know whom (docs/design.md): modules, the packages inside them, and the libraries. The module {@code examples} has
 * another one, for what {@code cli} does not need.
 */
@AnalyzeClasses(
        packages = "io.yoco4j",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArrowsTest.DoNotIncludeTestJars.class})
class ArrowsTest {
    private static final String[] NATIVE = {"org.bytedeco..", "ai.djl..", "com.sun.jna.."};

    // ---- modules

    /** What other modules lend to tests. */
    static final class DoNotIncludeTestJars implements ImportOption {
        @Override
        public boolean includes(Location location) {
            return !location.contains("-tests.jar");
        }
    }

    @ArchTest
    static final ArchRule modules = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("core")
            .definedBy("io.yoco4j.core..")
            .layer("engine")
            .definedBy("io.yoco4j.engine..")
            .optionalLayer("onednn")
            .definedBy("io.yoco4j.onednn..")
            .layer("train")
            .definedBy("io.yoco4j.train..")
            .layer("eval")
            .definedBy("io.yoco4j.eval..")
            .layer("experiment")
            .definedBy("io.yoco4j.experiment..")
            .layer("chat")
            .definedBy("io.yoco4j.chat..")
            .layer("server")
            .definedBy("io.yoco4j.server..")
            .layer("cli")
            .definedBy("io.yoco4j.cli..")
            .whereLayer("core")
            .mayOnlyBeAccessedByLayers("engine", "onednn", "train", "eval", "experiment", "chat", "server", "cli")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("onednn", "server", "cli")
            .whereLayer("onednn")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("train")
            .mayOnlyBeAccessedByLayers("experiment", "cli")
            .whereLayer("eval")
            .mayOnlyBeAccessedByLayers("experiment", "cli")
            .whereLayer("experiment")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("chat")
            .mayOnlyBeAccessedByLayers("server")
            .whereLayer("server")
            .mayOnlyBeAccessedByLayers("cli")
            .whereLayer("cli")
            .mayNotBeAccessedByAnyLayer();

    // ---- packages inside core

    @ArchTest
    static final ArchRule coreJson = knowsOfYocoOnly("io.yoco4j.core.json..", "io.yoco4j.core");

    @ArchTest
    static final ArchRule coreArch =
            knowsOfYocoOnly("io.yoco4j.core.arch..", "io.yoco4j.core", "io.yoco4j.core.json..");

    @ArchTest
    static final ArchRule coreCheckpoint = knowsOfYocoOnly(
            "io.yoco4j.core.checkpoint..", "io.yoco4j.core", "io.yoco4j.core.json..", "io.yoco4j.core.arch..");

    @ArchTest
    static final ArchRule coreText =
            knowsOfYocoOnly("io.yoco4j.core.text..", "io.yoco4j.core", "io.yoco4j.core.json..");

    @ArchTest
    static final ArchRule coreReport = knowsOfYocoOnly("io.yoco4j.core.report..", "io.yoco4j.core");

    @ArchTest
    static final ArchRule coreRoot = knowsOfYocoOnly("io.yoco4j.core");

    // ---- packages inside engine

    @ArchTest
    static final ArchRule engineKernel = knowsOfYocoOnly("io.yoco4j.engine.kernel..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule engineCache =
            knowsOfYocoOnly("io.yoco4j.engine.cache..", "io.yoco4j.core..", "io.yoco4j.engine.kernel..");

    @ArchTest
    static final ArchRule engineExec = knowsOfYocoOnly(
            "io.yoco4j.engine.exec..", "io.yoco4j.core..", "io.yoco4j.engine.kernel..", "io.yoco4j.engine.cache..");

    @ArchTest
    static final ArchRule engineBench = knowsOfYocoOnly(
            "io.yoco4j.engine.bench..", "io.yoco4j.core..", "io.yoco4j.engine", "io.yoco4j.engine.kernel..");

    // ---- the module beside engine

    /** It fills one seam: of the engine it sees the kernels and what they work on. */
    @ArchTest
    static final ArchRule onednn = knowsOfYocoOnly(
                    "io.yoco4j.onednn..", "io.yoco4j.core..", "io.yoco4j.engine.kernel..")
            .allowEmptyShould(true);

    // ---- packages inside eval

    @ArchTest
    static final ArchRule evalData = knowsOfYocoOnly("io.yoco4j.eval.data..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule evalSynthetic = knowsOfYocoOnly("io.yoco4j.eval.synthetic..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule evalTask = knowsOfYocoOnly(
            "io.yoco4j.eval.task..",
            "io.yoco4j.core..",
            "io.yoco4j.eval",
            "io.yoco4j.eval.data..",
            "io.yoco4j.eval.synthetic..");

    // ---- packages inside server

    @ArchTest
    static final ArchRule serverSchedule =
            knowsOfYocoOnly("io.yoco4j.server.schedule..", "io.yoco4j.core..", "io.yoco4j.engine..");

    @ArchTest
    static final ArchRule serverApi = knowsOfYocoOnly(
            "io.yoco4j.server.api..",
            "io.yoco4j.core..",
            "io.yoco4j.chat..",
            "io.yoco4j.engine..",
            "io.yoco4j.server.schedule..");

    @ArchTest
    static final ArchRule onlyTheServersRootKnowsHttp = noClasses()
            .that()
            .resideOutsideOfPackage("io.yoco4j.server")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.helidon..", "io.micrometer..");

    // ---- packages inside train

    @ArchTest
    static final ArchRule trainData = knowsOfYocoOnly("io.yoco4j.train.data..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule trainModel =
            knowsOfYocoOnly("io.yoco4j.train.model..", "io.yoco4j.train.kernel..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule trainKernel = knowsOfYocoOnly("io.yoco4j.train.kernel..");

    @ArchTest
    static final ArchRule trainPlot = knowsOfYocoOnly("io.yoco4j.train.plot..", "io.yoco4j.core..");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("io.yoco4j.(**)").should().beFreeOfCycles();

    // ---- libraries

    @ArchTest
    static final ArchRule onlyTrainKnowsLibtorch = noClasses()
            .that()
            .resideOutsideOfPackages("io.yoco4j.train..", "io.yoco4j.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..");

    @ArchTest
    static final ArchRule onlyTextKnowsTheTokenizersLibrary = noClasses()
            .that()
            .resideOutsideOfPackage("io.yoco4j.core.text..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("ai.djl..");

    @ArchTest
    static final ArchRule theEngineIsPureJava = noClasses()
            .that()
            .resideInAPackage("io.yoco4j.engine..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(NATIVE);

    @ArchTest
    static final ArchRule onlyVectorKernelsKnowTheIncubatorModule = noClasses()
            .that()
            .resideOutsideOfPackages("io.yoco4j.engine.kernel..", "io.yoco4j.train.kernel..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("jdk.incubator.vector..");

    @ArchTest
    static final ArchRule onlyTheCommandLineKnowsItsLibraries = noClasses()
            .that()
            .resideOutsideOfPackage("io.yoco4j.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("picocli..", "me.tongfei..", "org.slf4j..", "ch.qos.logback..");

    @ArchTest
    static final ArchRule librariesDoNotPrint = noClasses()
            .that()
            .resideOutsideOfPackage("io.yoco4j.cli..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    // ---- a system is data

    /** No class per system: what a YOCO-U or a RINS is, a list of stages in {@link Presets} says. */
    @ArchTest
    static final ArchRule noClassPerSystem = classes()
            .that(resideInAnyPackage(
                    "io.yoco4j.core..",
                    "io.yoco4j.engine..",
                    "io.yoco4j.train..",
                    "io.yoco4j.experiment..",
                    "io.yoco4j.server.."))
            .should()
            .haveNameNotMatching(".*\\.[^.]*(YocoU(?![a-z])|(?i:yocogret|universal|rins|transformer|upperloop))[^.]*");

    private static ArchRule knowsOfYocoOnly(String who, String... whom) {
        String[] allowed = Arrays.copyOf(whom, whom.length + 1);
        allowed[whom.length] = who;
        return noClasses()
                .that()
                .resideInAPackage(who)
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage("io.yoco4j..").and(DescribedPredicate.not(resideInAnyPackage(allowed))));
    }
}

package io.yoco4j.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** Who may know whom among the modules that an application in Java needs; the other one, in {@code cli}, has the rest. */
@AnalyzeClasses(
        packages = "io.yoco4j",
        importOptions = {ImportOption.DoNotIncludeTests.class, ArrowsTest.DoNotIncludeTestJars.class})
class ArrowsTest {

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
            .layer("chat")
            .definedBy("io.yoco4j.chat..")
            .layer("langchain4j")
            .definedBy("io.yoco4j.langchain4j..")
            .layer("examples")
            .definedBy("io.yoco4j.examples..")
            .whereLayer("core")
            .mayOnlyBeAccessedByLayers("engine", "chat", "langchain4j", "examples")
            .whereLayer("engine")
            .mayOnlyBeAccessedByLayers("langchain4j", "examples")
            .whereLayer("chat")
            .mayOnlyBeAccessedByLayers("langchain4j")
            .whereLayer("langchain4j")
            .mayOnlyBeAccessedByLayers("examples")
            .whereLayer("examples")
            .mayNotBeAccessedByAnyLayer();

    /** The public face is enough. */
    @ArchTest
    static final ArchRule nobodyHereKnowsTheEnginesInside = noClasses()
            .that()
            .resideInAnyPackage("io.yoco4j.langchain4j..", "io.yoco4j.examples..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.yoco4j.engine.*..");

    @ArchTest
    static final ArchRule onlyItsModuleKnowsLangchain4j = noClasses()
            .that()
            .resideOutsideOfPackages("io.yoco4j.langchain4j..", "io.yoco4j.examples..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("dev.langchain4j..");

    @ArchTest
    static final ArchRule librariesDoNotPrint = noClasses()
            .that()
            .resideOutsideOfPackage("io.yoco4j.examples..")
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    /** A system is data, here as elsewhere. */
    @ArchTest
    static final ArchRule noClassPerSystem = classes()
            .that()
            .resideInAPackage("io.yoco4j.langchain4j..")
            .should()
            .haveNameNotMatching(".*\\.[^.]*(YocoU(?![a-z])|(?i:universal|rins|transformer))[^.]*");
}

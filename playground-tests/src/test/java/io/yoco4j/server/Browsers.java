package io.yoco4j.server;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Playwright;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The machine's own Chromium, without a window: {@code YOCO_BROWSER}, or what the PATH has. None is ever downloaded. */
final class Browsers {
    private static final List<String> NAMES = List.of("chromium", "chromium-browser", "google-chrome");

    private Browsers() {}

    private static Optional<Path> installed() {
        String named = System.getenv("YOCO_BROWSER");
        if (named != null && !named.isBlank()) {
            return Optional.of(Path.of(named));
        }
        String path = System.getenv("PATH");
        return Stream.of(path == null ? new String[0] : path.split(File.pathSeparator))
                .flatMap(folder -> NAMES.stream().map(name -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** Skips the tests that call it where there is no browser. */
    static Path require() {
        Optional<Path> browser = installed();
        Assumptions.assumeTrue(
                browser.isPresent(),
                "there is no Chromium on the PATH: install one, or name one in YOCO_BROWSER, to test the playground");
        return browser.orElseThrow();
    }

    static Playwright playwright() {
        return Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
    }

    static Browser launch(Playwright playwright, Path executable) {
        // Chromium's sandbox does not work for root.
        boolean root = "root".equals(System.getProperty("user.name"));
        return playwright
                .chromium()
                .launch(new LaunchOptions()
                        .setExecutablePath(executable)
                        .setArgs(root ? List.of("--no-sandbox") : List.of()));
    }
}

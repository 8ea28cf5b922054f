package io.yoco4j.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** A browser for the tests of a class, and a page for each, which must keep to its server; skipped where none is installed. */
abstract class BrowserTest {
    /** A machine may be slow; what holds is never waited for so long. */
    private static final double PATIENCE_MS = 60_000;
    /** What a browser says itself of a reply that is an error, and of a server that is gone. */
    private static final String STATUS_NOTE = "Failed to load resource: ";

    @AutoClose
    private static Playwright playwright;

    private static Browser browser;

    /** What the console and uncaught exceptions said. */
    final List<String> problems = new ArrayList<>();

    private final Set<String> origins = new LinkedHashSet<>();
    private BrowserContext context;
    Page page;

    @BeforeAll
    static void launch() {
        Path executable = Browsers.require();
        playwright = Browsers.playwright();
        browser = Browsers.launch(playwright, executable);
        PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MS);
    }

    @BeforeEach
    void newPage() {
        newPage(new Browser.NewContextOptions());
    }

    /** Another page, of a window of its own. */
    final void newPage(Browser.NewContextOptions options) {
        context = browser.newContext(options);
        context.onRequest(r -> origins.add(r.url().replaceFirst("^(\\w+://[^/]*).*", "$1")));
        page = context.newPage();
        page.setDefaultTimeout(PATIENCE_MS);
        page.onConsoleMessage(m -> {
            if (m.type().equals("error") || m.type().equals("warning")) {
                problems.add(m.text());
            }
        });
        page.onPageError(problems::add);
    }

    /** No test may talk to anyone else, break the policy of the page, or leave an exception uncaught. */
    @AfterEach
    void keepsToItself() {
        context.close();
        assertThat(origins).isNotEmpty().allMatch(origin -> origin.matches("http://127\\.0\\.0\\.1:\\d+"));
        assertThat(problems).allMatch(p -> p.startsWith(STATUS_NOTE));
    }

    void open(YocoServer at) {
        page.navigate("http://127.0.0.1:" + at.port() + "/");
    }

    void openReady(YocoServer at) {
        open(at);
        assertThat(id("generate")).isEnabled();
    }

    Locator id(String id) {
        return page.locator("#" + id);
    }
}

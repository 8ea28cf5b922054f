package io.yoco4j.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ScreenshotAnimations;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/** Takes the pictures of docs/playground.md anew, of a model folder named by {@code -Dyoco.pictures=DIR}. */
@EnabledIfSystemProperty(named = "yoco.pictures", matches = ".+")
class PlaygroundPicturesTest {
    private static final Path OUT = Path.of("..", "docs", "playground");
    private static final String PROMPT = """
            /**
             * Returns the number of elements in this list.
             *
             * @return""";

    @Test
    void takesPictures() throws Exception {
        Path executable = Browsers.require();
        Path folder = Path.of(System.getProperty("yoco.pictures"));
        PlaywrightAssertions.setDefaultAssertionTimeout(60_000);
        try (YocoServer server = TestModels.serve(ServerOptions.builder(), ModelSource.of("tiny-yoco-u", folder));
                Playwright playwright = Browsers.playwright();
                Browser browser = Browsers.launch(playwright, executable)) {
            take(server, browser, "desktop.png", ColorScheme.LIGHT, 1240, 1);
            take(server, browser, "phone.png", ColorScheme.DARK, 390, 1.5);
        }
    }

    private static void take(
            YocoServer server, Browser browser, String name, ColorScheme scheme, int width, double scale) {
        try (BrowserContext context = browser.newContext(new Browser.NewContextOptions()
                .setViewportSize(width, 800)
                .setHasTouch(scheme == ColorScheme.DARK)
                .setIsMobile(scheme == ColorScheme.DARK)
                .setDeviceScaleFactor(scale)
                .setColorScheme(scheme))) {
            Page page = context.newPage();
            page.navigate("http://127.0.0.1:" + server.port() + "/");
            assertThat(page.locator("#generate")).isEnabled();
            page.locator("#prompt").fill(PROMPT);
            page.locator("#temperature").fill("0.5");
            page.locator("#max-tokens").fill("100");
            // The first one warms the compiler up.
            for (int i = 0; i < 2; i++) {
                page.locator("#generate").click();
                assertThat(page.locator("#status")).containsText("Done");
            }
            page.getByLabel("32K").check();
            assertThat(page.locator("#bars")).hasAttribute("data-tokens", "32768");
            page.evaluate("document.activeElement.blur(); document.querySelector('#completion').scrollTop = 0");
            page.screenshot(new Page.ScreenshotOptions()
                    .setPath(OUT.resolve(name))
                    .setAnimations(ScreenshotAnimations.DISABLED)
                    .setFullPage(true));
        }
    }
}

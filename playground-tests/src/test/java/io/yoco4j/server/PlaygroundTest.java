package io.yoco4j.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Route;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.ReducedMotion;
import io.yoco4j.engine.YocoModel;
import io.yoco4j.server.TestModels.Reply;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The page at {@code /}, in a browser; skipped where none is installed. */
class PlaygroundTest extends BrowserTest {
    @TempDir
    static Path temp;

    private static Path looped;
    private static Path dense;

    @AutoClose
    private static YocoServer server;

    @BeforeAll
    static void serve() throws Exception {
        looped = TestModels.folder(temp, "nano", "yoco-u");
        dense = TestModels.folder(temp, "dense", "transformer");
        server = TestModels.serve(ServerOptions.builder(), ModelSource.of(looped));
    }

    private void ask(String prompt, int maxTokens) {
        id("prompt").fill(prompt);
        id("temperature").fill("0");
        id("max-tokens").fill(String.valueOf(maxTokens));
    }

    private static void awaitRunning(int running) throws Exception {
        String line = "yoco_num_requests_running{model_name=\"nano\"} " + running + ".0";
        String metrics = "";
        for (int i = 0; i < 3000 && !metrics.contains(line); i++) {
            Thread.sleep(10);
            metrics = TestModels.get(server, "/metrics").body();
        }
        assertThat(metrics).contains(line);
    }

    @Test
    void completesAtTheDepthChosen() throws Exception {
        openReady(server);
        assertThat(id("chooser")).isHidden();
        assertThat(id("facts")).containsText("nano");
        assertThat(id("loops")).hasValue("3");
        assertThat(id("loops")).hasAttribute("max", "6");
        ask("the cat", 400);
        id("loops").press("ArrowRight");
        assertThat(id("loops-value")).containsText("4");
        id("generate").click();
        assertThat(id("status")).containsText("Done");

        Reply reply = TestModels.post(
                server,
                "/v1/completions",
                "{\"prompt\": \"the cat\", \"temperature\": 0, \"max_tokens\": 400, \"loops\": 4}");
        assertThat(id("completion").textContent())
                .isEqualTo(reply.json().path("choices").path(0).path("text").asText());
        JsonNode usage = reply.json().path("usage");
        assertThat(id("tokens")).hasText(usage.path("completion_tokens").asText());
        assertThat(id("prompted")).hasText(usage.path("prompt_tokens").asText());
        assertThat(id("used")).hasText("4");
        assertThat(id("rate")).hasText(Pattern.compile("[0-9].*"));
        assertThat(id("first")).hasText(Pattern.compile("[0-9.]+ m?s"));
        assertThat(id("generate")).isEnabled();
        assertThat(id("stop")).isDisabled();
        assertThat(problems).isEmpty();
    }

    @Test
    void stopsOnTheServerToo() throws Exception {
        openReady(server);
        ask("the cat", 100_000);
        id("generate").click();
        assertThat(id("tokens")).hasText(Pattern.compile("[1-9].*"));
        assertThat(id("completion")).hasText(Pattern.compile(".+", Pattern.DOTALL));
        awaitRunning(1);
        id("stop").click();
        assertThat(id("status")).hasText("Stopped.");
        assertThat(id("used")).hasText("3");
        awaitRunning(0);
        assertThat(id("generate")).isEnabled();
        assertThat(id("error")).isEmpty();
        assertThat(problems).isEmpty();
    }

    private void assertBars(int tokens, int loops) throws Exception {
        assertThat(id("bars")).hasAttribute("data-tokens", String.valueOf(tokens));
        JsonNode systems = TestModels.get(server, "/playground/memory?model=nano&tokens=" + tokens + "&loops=" + loops)
                .json()
                .path("systems");
        assertThat(systems).hasSize(4);
        for (JsonNode s : systems) {
            assertThat(page.locator("#bars [data-system='" + s.path("name").asText() + "']"))
                    .hasAttribute("data-bytes", s.path("bytes").asText());
        }
    }

    @Test
    void showsTheMemoryOfThisContextAndOfLongerOnes() throws Exception {
        openReady(server);
        assertBars(32_768, 3);
        // 4 layers of keys and values, 64 floats each: 2,048 bytes a token.
        assertThat(page.locator("[data-system=transformer] .bytes")).hasText("64.0 MiB");
        id("loops").press("Home");
        assertBars(32_768, 1);
        page.getByLabel("128K").check();
        assertBars(131_072, 1);
        page.getByLabel("8K", new Page.GetByLabelOptions().setExact(true)).check();
        assertBars(8_192, 1);

        page.getByLabel("as now").check();
        ask("the cat sat", 12);
        int prompt = TestModels.post(server, "/tokenize", "{\"model\": \"nano\", \"prompt\": \"the cat sat\"}")
                .json()
                .path("count")
                .asInt();
        assertBars(prompt, 1);
        assertThat(id("prompt-tokens")).hasText(prompt + " of 131,072 tokens");
        id("generate").click();
        assertThat(id("status")).containsText("Done");
        assertBars(prompt + Integer.parseInt(id("tokens").textContent()), 1);
        double width = page.locator("[data-system=transformer] i").boundingBox().width;
        assertThat(width).isLessThan(page.locator("[data-system=rins] i").boundingBox().width + 1);
        assertThat(problems).isEmpty();
    }

    @Test
    void turnsToTheRunningContextUnlessALengthWasChosen() {
        openReady(server);
        ask("the cat", 2);
        id("generate").click();
        assertThat(page.getByLabel("as now")).isChecked();
        page.getByLabel("128K").check();
        id("generate").click();
        assertThat(id("status")).containsText("Done");
        assertThat(page.getByLabel("128K")).isChecked();
    }

    @Test
    void asksForAKeyAndSendsIt() throws Exception {
        try (YocoServer locked =
                TestModels.serve(ServerOptions.builder().apiKeys(List.of("open sesame")), ModelSource.of(looped))) {
            open(locked);
            assertThat(id("settings")).hasAttribute("open", "");
            assertThat(id("key")).isFocused();
            assertThat(id("error")).containsText("The API key is missing or wrong");
            id("key").fill("a guess");
            id("key").press("Enter");
            assertThat(id("error")).containsText("The API key is missing or wrong");
            assertThat(id("generate")).isDisabled();
            id("key").fill("open sesame");
            id("key").press("Enter");
            assertThat(id("generate")).isEnabled();
            assertThat(id("error")).isEmpty();
            assertThat(id("prompt")).isFocused();
            ask("the cat", 3);
            id("generate").click();
            assertThat(id("status")).containsText("Done");
            // It is nowhere but in the field.
            assertThat(page.evaluate("localStorage.length + sessionStorage.length + document.cookie.length"))
                    .isEqualTo(0);
            page.reload();
            assertThat(id("error")).containsText("The API key is missing or wrong");
        }
    }

    @Test
    void saysWhatTheServerSays() throws Exception {
        openReady(server);
        ask("the cat", 1_000_000);
        id("generate").click();
        String sentence = TestModels.post(
                        server, "/v1/completions", "{\"prompt\": \"the cat\", \"max_tokens\": 1000000}")
                .error();
        assertThat(sentence).contains("131072");
        assertThat(id("error")).hasText(sentence);
        id("max-tokens").fill("20");
        id("generate").click();
        assertThat(id("status")).containsText("Done");
        assertThat(id("error")).isEmpty();
        String tokens = id("tokens").textContent();
        String text = id("completion").textContent();
        // What was there stays where nothing comes in its place.
        id("max-tokens").fill("1000000");
        id("generate").click();
        assertThat(id("error")).hasText(sentence);
        assertThat(id("tokens")).hasText(tokens);
        assertThat(id("completion").textContent()).isEqualTo(text).isNotEmpty();
    }

    /** Each byte is a piece of its own, so that events, lines and letters are split. */
    private void answer(String stream) {
        page.addInitScript("""
                const real = window.fetch;
                window.fetch = (path, options) => path !== 'v1/completions' ? real(path, options)
                    : Promise.resolve(new Response(new ReadableStream({
                        start(out) {
                          for (const b of new TextEncoder().encode(%s)) out.enqueue(Uint8Array.of(b));
                          out.close();
                        }
                      })));
                """.formatted(TextNode.valueOf(stream)));
    }

    private static String piece(String text) {
        return "data: {\"choices\": [{\"text\": \"" + text + "\", \"finish_reason\": null}]}\n\n";
    }

    @Test
    void readsStreamsSplitAnywhere() {
        answer(": still at it\n\n" + piece("größer, <b>日本</b>") + ": still at it\n\n"
                + piece("<img src=x onerror=alert(1)>").replace("\n", "\r\n")
                + "data: {\"choices\": [],\ndata: \"usage\": {\"prompt_tokens\": 1700, \"completion_tokens\": 9,"
                + " \"prompt_tokens_details\": {\"cached_tokens\": 1024}, \"yoco4j\": {\"mean_loops\": 2.468}}}\n\n"
                + "data: [DONE]\n\n");
        openReady(server);
        id("generate").click();
        assertThat(id("status")).containsText("Done");
        assertThat(id("completion").textContent()).isEqualTo("größer, <b>日本</b><img src=x onerror=alert(1)>");
        assertThat(page.locator("#completion *")).hasCount(0);
        assertThat(id("tokens")).hasText("9");
        assertThat(id("prompted")).hasText("1,700");
        assertThat(id("cached")).hasText("1,024");
        assertThat(id("used")).hasText("2.47");
    }

    /** As where the first token's text waits for the second's. */
    @Test
    void tellsNoRateOfTokensThatCameAtOnce() {
        answer("data: {\"choices\": [{\"text\": \"two\", \"finish_reason\": \"length\"}],"
                + " \"usage\": {\"prompt_tokens\": 3, \"completion_tokens\": 2}}\n\ndata: [DONE]\n\n");
        openReady(server);
        id("generate").click();
        assertThat(id("status")).containsText("Done");
        assertThat(id("tokens")).hasText("2");
        assertThat(id("rate")).hasText("–");
    }

    @Test
    void tellsErrorsThatComeLate() {
        answer(piece("so far") + "data: {\"error\": {\"message\": \"The request took too long.\"}}\n\n");
        openReady(server);
        id("generate").click();
        assertThat(id("error")).hasText("The request took too long.");
        assertThat(id("completion")).hasText("so far");
        assertThat(id("generate")).isEnabled();
    }

    @Test
    void tellsStreamsThatBreakOff() {
        answer(piece("so far"));
        openReady(server);
        id("generate").click();
        assertThat(id("error")).hasText("The reply broke off before its end.");
        assertThat(id("completion")).hasText("so far");
    }

    @Test
    void letsChooseAmongModels() throws Exception {
        try (YocoServer two =
                TestModels.serve(ServerOptions.builder(), ModelSource.of(looped), ModelSource.of(dense))) {
            openReady(two);
            assertThat(id("chooser")).isVisible();
            assertThat(id("loops")).isEnabled();
            assertThat(id("loops")).hasAccessibleDescription("");
            assertThat(id("loops-why")).isHidden();
            id("model").selectOption("dense");
            assertThat(id("loops")).isDisabled();
            assertThat(id("loops-why")).isVisible();
            assertThat(id("loops")).hasAccessibleDescription(Pattern.compile("no stage that loops"));
            ask("the cat", 3);
            id("generate").click();
            assertThat(id("status")).containsText("Done");
            assertThat(id("used")).hasText("none");
            assertThat(TestModels.get(two, "/metrics").body())
                    .contains("yoco_e2e_request_latency_seconds_count{model_name=\"dense\"} 1");
        }
    }

    @Test
    void saysThatAModelTakesNoText() throws Exception {
        Path mute = TestModels.folder(temp, "mute", "yoco-u");
        Files.delete(mute.resolve("tokenizer.json"));
        try (YocoServer tokensAlone = TestModels.serve(ServerOptions.builder(), ModelSource.of(mute))) {
            open(tokensAlone);
            assertThat(id("error")).containsText("This model has no tokenizer");
            assertThat(id("generate")).isDisabled();
            assertThat(page.locator("#bars li")).hasCount(4);
        }
    }

    /** As a proxy may have it. */
    @Test
    void worksBelowAPath() {
        page.route(
                "**/yoco/**",
                route -> route.resume(
                        new Route.ResumeOptions().setUrl(route.request().url().replace("/yoco/", "/"))));
        page.navigate("http://127.0.0.1:" + server.port() + "/yoco/");
        assertThat(id("generate")).isEnabled();
        ask("the cat", 2);
        id("generate").click();
        assertThat(id("status")).containsText("Done");
    }

    @Test
    void waitsForAModelThatLoads() {
        CountDownLatch wanted = new CountDownLatch(1);
        ModelSource slow = new ModelSource("slow", Optional.of(looped), options -> {
            try {
                wanted.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return YocoModel.open(looped, options);
        });
        try (YocoServer loading =
                YocoServer.start(List.of(slow), ServerOptions.builder().port(0).build())) {
            try {
                open(loading);
                assertThat(id("status")).containsText("The model is loading");
                assertThat(id("generate")).isDisabled();
            } finally {
                wanted.countDown();
            }
            assertThat(id("generate")).isEnabled();
            assertThat(id("status")).isEmpty();
        }
    }

    @Test
    void tellsAServerThatIsGone() throws Exception {
        YocoServer leaving = TestModels.serve(ServerOptions.builder(), ModelSource.of(looped));
        openReady(leaving);
        leaving.close();
        id("generate").click();
        assertThat(id("error")).hasText("The server cannot be reached; see whether it runs.");
    }

    private String focused() {
        return (String) page.evaluate("document.activeElement.id || document.activeElement.name"
                + " || document.activeElement.tagName.toLowerCase()");
    }

    @Test
    void needsNoMouse() throws Exception {
        openReady(server);
        page.keyboard().press("Tab");
        assertThat(focused()).isEqualTo("prompt");
        page.keyboard().type("the cat");
        page.keyboard().press("Tab");
        assertThat(focused()).isEqualTo("loops");
        page.keyboard().press("ArrowLeft");
        page.keyboard().press("Tab");
        page.keyboard().press("Home");
        assertThat(id("temperature")).hasValue("0");
        page.keyboard().press("Tab");
        page.keyboard().press("ControlOrMeta+A");
        page.keyboard().type("100000");
        page.keyboard().press("Control+Enter");
        assertThat(id("tokens")).hasText(Pattern.compile("[1-9].*"));
        awaitRunning(1);
        page.keyboard().press("Escape");
        assertThat(id("status")).hasText("Stopped.");
        awaitRunning(0);
        assertThat(focused()).isEqualTo("max-tokens");

        page.keyboard().press("Tab");
        assertThat(focused()).isEqualTo("generate");
        page.keyboard().press("Enter");
        assertThat(id("stop")).isFocused();
        page.keyboard().press("Space");
        assertThat(id("status")).hasText("Stopped.");
        assertThat(id("generate")).isFocused();

        List<String> rest = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            page.keyboard().press("Tab");
            rest.add(focused());
            assertThat(page.evaluate("""
                            (e => [e, e.nextElementSibling ?? e].some(x => getComputedStyle(x).outlineStyle === 'solid'))
                            (document.activeElement)""")).as(rest.getLast()).isNotEqualTo(false);
        }
        assertThat(rest).containsExactly("completion", "length", "summary");
        page.keyboard().press("Enter");
        assertThat(id("key")).isVisible();
    }

    @ParameterizedTest
    @EnumSource(
            value = ColorScheme.class,
            names = {"LIGHT", "DARK"})
    void fitsAPhoneAndIsLegible(ColorScheme scheme) throws Exception {
        newPage(new Browser.NewContextOptions()
                .setViewportSize(360, 740)
                .setColorScheme(scheme)
                .setReducedMotion(ReducedMotion.REDUCE));
        answer(piece("x".repeat(500)) + "data: {\"error\": {\"message\": \"" + "y".repeat(500) + "\"}}\n\n");
        try (YocoServer two = TestModels.serve(
                ServerOptions.builder(), ModelSource.of("m".repeat(60), looped), ModelSource.of(dense))) {
            openReady(two);
            id("generate").click();
            page.locator("summary").click();
            assertThat(id("error")).containsText("yyy");
            assertThat(page.locator("#bars li")).hasCount(4);
            assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(360);
            assertThat(page.evaluate("getComputedStyle(document.querySelector('#bars i')).transitionDuration"))
                    .isEqualTo("0s");
        }
        try (YocoServer one = TestModels.serve(ServerOptions.builder(), ModelSource.of("m_".repeat(30), looped))) {
            openReady(one);
            assertThat(page.evaluate("document.documentElement.scrollWidth")).isEqualTo(360);
        }
        assertThat(page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches"))
                .isEqualTo(scheme == ColorScheme.DARK);
        for (String text : List.of("ink page", "ink surface", "soft page", "soft surface", "error surface")) {
            assertThat(contrast(text)).as(text).isGreaterThanOrEqualTo(4.5);
        }
        assertThat(contrast("on-accent accent")).isGreaterThanOrEqualTo(4.5);
        for (String shape : List.of("edge surface", "edge page", "other surface", "other page", "accent page")) {
            assertThat(contrast(shape)).as(shape).isGreaterThanOrEqualTo(3);
        }
    }

    /** WCAG's ratio of two of the page's colours. */
    private double contrast(String pair) {
        double[] l = pair.lines()
                .flatMap(p -> List.of(p.split(" ")).stream())
                .mapToDouble(name -> {
                    String hex = ((String) page.evaluate(
                                    "getComputedStyle(document.documentElement).getPropertyValue('--" + name + "')"))
                            .strip()
                            .substring(1);
                    String full = hex.length() == 3 ? hex.replaceAll("(.)", "$1$1") : hex;
                    double[] weights = {0.2126, 0.7152, 0.0722};
                    return IntStream.range(0, 3)
                            .mapToDouble(i -> {
                                double c = Integer.parseInt(full.substring(2 * i, 2 * i + 2), 16) / 255.0;
                                return weights[i] * (c <= 0.04045 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4));
                            })
                            .sum();
                })
                .toArray();
        return (Math.max(l[0], l[1]) + 0.05) / (Math.min(l[0], l[1]) + 0.05);
    }
}

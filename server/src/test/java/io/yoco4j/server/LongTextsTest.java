package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.yoco4j.core.InvalidInputException;
import io.yoco4j.server.api.ApiException;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LongTextsTest {
    private static final int LONG = 1 << 20;

    /** Each of these waits for another that is short, on carriers that are no more than the processors. */
    @Test
    void longWorkLeavesTheCarriersToOthers() throws Exception {
        int many = 4 * Runtime.getRuntime().availableProcessors();
        CountDownLatch others = new CountDownLatch(many);
        try (LongTexts texts = new LongTexts("long");
                ExecutorService requests = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Boolean>> ofLong = IntStream.range(0, many)
                    .mapToObj(_ -> requests.submit(() -> texts.work(LONG, () -> {
                        // Keeps its thread, as a native call does.
                        while (others.getCount() > 0) {
                            Thread.onSpinWait();
                        }
                        return Thread.currentThread().isVirtual();
                    })))
                    .toList();
            for (int i = 0; i < many; i++) {
                var _ = requests.submit(() -> texts.work(1, () -> {
                    others.countDown();
                    return 0;
                }));
            }
            for (Future<Boolean> virtual : ofLong) {
                assertThat(virtual.get()).isFalse();
            }
        }
    }

    @Test
    void errorsAreTheWorksOwn() {
        try (LongTexts texts = new LongTexts("long")) {
            for (int length : new int[] {1, LONG}) {
                assertThatThrownBy(() -> texts.work(length, () -> {
                            throw new InvalidInputException("no text");
                        }))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessage("no text");
            }
        }
    }

    @Test
    void afterItsEndThereIsNone() {
        LongTexts texts = new LongTexts("long");
        texts.close();
        assertThatThrownBy(() -> texts.work(LONG, () -> 1))
                .isInstanceOfSatisfying(
                        ApiException.class, e -> assertThat(e.status()).isEqualTo(503));
    }
}

package io.yoco4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.HttpPrologue;
import io.helidon.http.Method;
import io.helidon.webserver.ConnectionContext;
import java.lang.ref.Reference;
import java.lang.ref.WeakReference;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ConnectionsTest {
    private static final HttpPrologue PROLOGUE =
            HttpPrologue.create("HTTP/1.1", "HTTP", "1.1", Method.POST, "/v1/completions", false);

    private static <T> T fake(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(ConnectionsTest.class.getClassLoader(), new Class<?>[] {type}, handler));
    }

    private static ConnectionContext connection(HelidonSocket socket) {
        return fake(ConnectionContext.class, (_, method, _) -> {
            assertThat(method.getName()).isEqualTo("serverSocket");
            return socket;
        });
    }

    /** As that of a client that leaves in the middle of its request, an hour before the deadline. */
    @Test
    void whatIsLeftOfAConnectionIsForgottenBeforeItsDeadline() throws InterruptedException {
        try (Connections connections = new Connections(Duration.ofHours(1), Duration.ofHours(1))) {
            WeakReference<HelidonSocket> socket = gone(connections);
            for (int i = 0; i < 100 && socket.get() != null; i++) {
                System.gc();
                Thread.sleep(10);
            }
            assertThat(socket.get()).isNull();
        }
    }

    private static WeakReference<HelidonSocket> gone(Connections connections) throws InterruptedException {
        HelidonSocket socket = fake(HelidonSocket.class, (_, _, _) -> null);
        Thread own = Thread.ofVirtual().start(() -> connections.prologue(connection(socket), PROLOGUE));
        own.join();
        return new WeakReference<>(socket);
    }

    @Test
    void aConnectionIsClosedWhereItsRequestDoesNotCome() throws InterruptedException {
        CountDownLatch closed = new CountDownLatch(1);
        HelidonSocket socket = fake(HelidonSocket.class, (_, method, _) -> {
            if (method.getName().equals("close")) {
                closed.countDown();
            }
            return null;
        });
        try (Connections connections = new Connections(Duration.ofMillis(1), Duration.ofHours(1))) {
            connections.prologue(connection(socket), PROLOGUE);
            assertThat(closed.await(1, TimeUnit.MINUTES)).isTrue();
        } finally {
            Reference.reachabilityFence(socket);
        }
    }
}

package io.yoco4j.engine;

import io.yoco4j.core.arch.Architecture;
import io.yoco4j.core.checkpoint.RandomWeights;
import io.yoco4j.core.checkpoint.WeightFormat;
import io.yoco4j.core.testing.Systems;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Flow;
import org.reactivestreams.tck.TestEnvironment;
import org.reactivestreams.tck.flow.FlowPublisherVerification;
import org.testng.annotations.AfterClass;
import org.testng.annotations.Test;

/** The rules of Reactive Streams, by its own kit, whose tests are TestNG's. */
@Test
public class TokenPublisherContractTest extends FlowPublisherVerification<GeneratedToken> {
    private static final Architecture A = Objects.requireNonNull(Systems.all().get("yoco-u"));

    /** Far above what a signal takes: the kit fails a test that waits longer. */
    private static final long SIGNAL_MILLIS = 30_000;

    /** How long the kit listens for what must not come. */
    private static final long SILENCE_MILLIS = 20;

    private final ExecutorService executor = Executors.newFixedThreadPool(2);
    private final YocoModel model = YocoModel.of(
            A,
            RandomWeights.of(A, WeightFormat.F32, 1),
            EngineOptions.builder().threads(1).build());

    public TokenPublisherContractTest() {
        super(new TestEnvironment(SIGNAL_MILLIS, SILENCE_MILLIS, SILENCE_MILLIS));
    }

    @AfterClass
    public void close() {
        executor.shutdownNow();
        model.close();
    }

    @Override
    public long maxElementsFromPublisher() {
        return A.maxPositions() - 8L;
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // the publisher closes it
    public Flow.Publisher<GeneratedToken> createFlowPublisher(long elements) {
        GenerationOptions options = GenerationOptions.builder()
                .maxTokens(Math.toIntExact(Math.max(1, elements)))
                .build();
        Generation generation = model.generate(model.session(), true, new int[] {3, 1, 4}, options);
        if (elements == 0) {
            generation.cancel();
        }
        return generation.publisher(executor);
    }

    /** One that has had its subscriber. */
    @Override
    public Flow.Publisher<GeneratedToken> createFailedFlowPublisher() {
        Flow.Publisher<GeneratedToken> publisher = createFlowPublisher(1);
        publisher.subscribe(new Flow.Subscriber<>() {
            @Override
            public void onSubscribe(Flow.Subscription subscription) {
                subscription.cancel();
            }

            @Override
            public void onNext(GeneratedToken token) {}

            @Override
            public void onError(Throwable error) {}

            @Override
            public void onComplete() {}
        });
        return publisher;
    }

    /** Sleeps for {@link #SIGNAL_MILLIS}; {@link TokenPublisherTest} has its own. */
    @Override
    @Test(enabled = false)
    public void required_spec313_cancelMustMakeThePublisherEventuallyDropAllReferencesToTheSubscriber() {}
}

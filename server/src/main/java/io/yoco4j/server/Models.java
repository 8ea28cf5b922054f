package io.yoco4j.server;

import io.yoco4j.server.api.ApiException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The models that are served, once they are loaded. Thread-safe. */
final class Models {
    private final Map<String, ServedModel> loaded = new LinkedHashMap<>();
    private boolean ready;
    private boolean stopping;
    private @Nullable String failure;

    synchronized void add(ServedModel model) {
        loaded.put(model.name(), model);
    }

    /** All are there. */
    synchronized void ready() {
        ready = true;
    }

    /** One could not be loaded. */
    synchronized void failed(String why) {
        failure = why;
    }

    /** Nothing new is taken from now on. */
    synchronized void stop() {
        stopping = true;
    }

    synchronized boolean isStopping() {
        return stopping;
    }

    synchronized boolean isReady() {
        return ready;
    }

    /** Why there will never be all of them. */
    synchronized Optional<String> failure() {
        return Optional.ofNullable(failure);
    }

    synchronized Collection<ServedModel> all() {
        return List.copyOf(loaded.values());
    }

    /** @throws ApiException 503 while models are loading, or where one could not be */
    synchronized void requireReady() {
        if (failure != null) {
            throw ApiException.unavailable(
                    "The server could not load its models and serves none: " + failure, Optional.empty());
        }
        if (!ready) {
            throw ApiException.unavailable("The model is loading", Optional.of(Duration.ofSeconds(1)));
        }
    }

    /**
     * The model of a name, or the only one where no name is given.
     *
     * @throws ApiException 503 while models are loading or where one could not be, 404 when there is none of that name, 400 when there are several
     *     and none is named
     */
    synchronized ServedModel get(Optional<String> name) {
        requireReady();
        if (name.isEmpty()) {
            if (loaded.size() == 1) {
                return loaded.values().iterator().next();
            }
            throw ApiException.invalid("model", "model is missing; name one of " + String.join(", ", loaded.keySet()));
        }
        ServedModel model = loaded.get(name.get());
        if (model == null) {
            throw ApiException.noModel(
                    "The model " + name.get() + " is not served; name one of " + String.join(", ", loaded.keySet()));
        }
        return model;
    }
}

/**
 * Runs models: {@link io.yoco4j.engine.YocoModel} opens one, a {@link io.yoco4j.engine.Session} holds a context, a
 * {@link io.yoco4j.engine.Generation} streams text. Pure Java; fast where the JVM runs with
 * {@code --add-modules jdk.incubator.vector}.
 */
@NullMarked
package io.yoco4j.engine;

import org.jspecify.annotations.NullMarked;

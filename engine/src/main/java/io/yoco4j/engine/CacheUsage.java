package io.yoco4j.engine;

/**
 * Memory of a model's contexts. What forks share counts once; sessions that were forgotten instead of closed count for good.
 *
 * @param blocks of keys and values in use
 * @param bytes of these, and of the states of retention layers
 * @param freeBytes of blocks kept for the next sessions
 */
public record CacheUsage(long blocks, long bytes, long freeBytes) {}

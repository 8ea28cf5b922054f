/** Tasks: how records become requests, and scores metrics. */
@NullMarked
package io.yoco4j.eval.task;

import org.jspecify.annotations.NullMarked;

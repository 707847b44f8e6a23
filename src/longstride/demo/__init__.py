"""The project's main job from nothing on a laptop: `longstride demo`."""

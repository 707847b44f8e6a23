"""An OpenAI-compatible server (`longstride serve`): what the window holds passes through, the agent reads the rest."""

"""Plans and translations by any server with OpenAI's chat completions API.

For example OpenAI, Ollama and vLLM.
"""

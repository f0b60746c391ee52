"""Plans, translations and checks of pictures by any server with OpenAI's chat completions API.

For example OpenAI, Ollama and vLLM.
"""

"""How the two starter language models were made: corpus, tokenizer, instruction text, pre-training, figures."""

"""From a request to forget to a judged network: methods, prompts, candidates, selection and judging."""

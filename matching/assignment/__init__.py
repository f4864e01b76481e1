"""Who is proposed to which mentor: rules, scores, an optimum, its proof."""

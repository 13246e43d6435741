"""The catalogue: industries, skills and job roles, certified before anything is made of them."""
